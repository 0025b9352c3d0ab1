using System.Collections.Concurrent;

namespace Drover.LocalMesos;

/// <summary>Runs executors as tasks of this process, on the same HTTP wire: for tests and simulations. Keep one launcher over restarts of its agent.</summary>
/// <param name="run">An executor's life: its environment, its sandbox, and a token that falls when it is killed. Returning means exit 0, throwing exit 1.</param>
public sealed class InProcessLauncher(Func<ExecutorStart, CancellationToken, Task> run) : IExecutorLauncher
{
    private readonly ConcurrentDictionary<int, Running> _running = new();
    private int _pids;

    public string Generation { get; set; } = "in-process";

    /// <summary>How many live.</summary>
    public int Count => _running.Count;

    /// <summary>Called before an executor starts; may throw <see cref="ExecutorStartException"/>.</summary>
    public Action<ExecutorStart>? BeforeStart { get; set; }

    public IExecutorProcess Start(ExecutorStart start)
    {
        BeforeStart?.Invoke(start);
        var process = new Running(new ProcessIdentity(Interlocked.Increment(ref _pids), Environment.TickCount64), start.Sandbox);
        _running[process.Identity.Pid] = process;
        process.Begin(async () =>
        {
            try
            {
                await run(start, process.Killed);
                return 0;
            }
            catch (OperationCanceledException) when (process.Killed.IsCancellationRequested)
            {
                return 9;
            }
            catch (Exception e)
            {
                await File.AppendAllTextAsync(Path.Combine(start.Sandbox, "stderr"), $"{e}\n", CancellationToken.None);
                return 1 << 8;
            }
            finally
            {
                _running.TryRemove(process.Identity.Pid, out _);
            }
        });
        return process;
    }

    public IExecutorProcess? Find(ProcessIdentity? identity, string sandbox) =>
        _running.Values.FirstOrDefault(p => identity is { } known ? p.Identity == known : p.Sandbox == sandbox);

    /// <summary>Ends all that live.</summary>
    public void KillAll()
    {
        foreach (var process in _running.Values)
        {
            process.Kill();
        }
    }

    public void KillLeftovers(ProcessIdentity? identity, string sandbox)
    {
    }

#pragma warning disable CA1001 // Without a timer the token source holds nothing that needs releasing, and its end is nobody's.
    private sealed class Running(ProcessIdentity identity, string sandbox) : IExecutorProcess
    {
        private readonly CancellationTokenSource _kill = new();

        public ProcessIdentity Identity => identity;

        public string Sandbox => sandbox;

        public CancellationToken Killed => _kill.Token;

        public Task<int> Exited { get; private set; } = Task.FromResult(-1);

        public void Begin(Func<Task<int>> life) => Exited = Task.Run(life);

        public void Kill() => _kill.Cancel();
    }
#pragma warning restore CA1001
}
