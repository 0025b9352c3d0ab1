using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Drover.Api.Machines;
using Drover.Executor;
using Drover.Executor.Machines;

namespace Drover.Conformance.Tests.Machines;

/// <summary>One machine with its folders, supervisor and everything that it reported.</summary>
internal sealed class MachineLab : IAsyncDisposable
{
    private readonly DirectoryInfo root = Directory.CreateTempSubdirectory("drover-conformance-");
    private readonly RingLog console;
    private readonly Lock gate = new();
    private readonly List<MachineUpdate> updates = [];
    private TaskCompletionSource changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private MachineSupervisor? supervisor;

    internal MachineLab(MachineTask task, ExecutorOptions options, string? stateDirectory, string? cacheDirectory = null)
    {
        // As a Mesos sandbox: deep, not to be entered by others, and with a path too long for a socket's address.
        Sandbox = Path.Combine(root.FullName, new string('s', 60), new string('r', 60), "run");
        Directory.CreateDirectory(Sandbox, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute);
        console = new RingLog(Path.Combine(Sandbox, "console.log"));
        Context = new MachineContext
        {
            Task = task,
            TaskId = "task-1",
            Sandbox = Sandbox,
            StateDirectory = stateDirectory ?? Path.Combine(root.FullName, "state"),
            CacheDirectory = cacheDirectory ?? stateDirectory ?? Path.Combine(root.FullName, "state"),
            Options = options with { Log = Log.Enqueue, UsageInterval = TimeSpan.FromMilliseconds(100) },
            Time = TimeProvider.System,
            Console = console,
        };
    }

    internal MachineContext Context { get; }

    internal string Sandbox { get; }

    internal ConcurrentQueue<string> Log { get; } = new();

    internal Task<MachinePhase> Life { get; private set; } = Task.FromResult(MachinePhase.Preparing);

    internal MachineUpdate Last
    {
        get
        {
            lock (gate)
            {
                return updates[^1];
            }
        }
    }

    internal IReadOnlyList<string> FilesLeft => [.. Directory.EnumerateFileSystemEntries(Sandbox).Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal)];

    internal void Start(IMachineDriver driver)
    {
        supervisor = new MachineSupervisor(Context, driver, "task-1", Take);
        Life = supervisor.RunAsync();
    }

    /// <summary>Asks what the guest sees of itself, with a container made (<c>create</c>) or run (<c>run</c>) in it.</summary>
    internal async Task<IReadOnlyDictionary<string, string>> InspectAsync(string? container, CancellationToken cancellationToken)
    {
        var id = Guid.NewGuid().ToString("N");
        await supervisor!.CommandAsync(new MachineCommand { Id = id, Verb = MachineCommand.Inspect, TaskId = "task-1", Arguments = new() { ["container"] = container } });
        var report = await UntilAsync(update => update.Report.Outcomes.Any(outcome => outcome.Id == id), "inspected", cancellationToken);
        var outcome = report.Report.Outcomes.Single(outcome => outcome.Id == id);
        Assert.True(outcome.Ok, outcome.Message);
        return outcome.Data!.ToDictionary(fact => fact.Key, fact => (string)fact.Value!, StringComparer.Ordinal);
    }

    /// <summary>What the machine's process has used of the processors, in seconds.</summary>
    internal double CpuSeconds()
    {
        var record = JsonSerializer.Deserialize(File.ReadAllBytes(Path.Combine(Sandbox, "machine.json")), MachineRecordJson.Default.MachineRecord)!;
        var fields = File.ReadAllText($"/proc/{record.Process!.Pid}/stat").Split(") ")[^1].Split(' ');
        return (long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture)) / 100.0;
    }

    internal ValueTask CommandAsync(MachineCommand command) => supervisor!.CommandAsync(command);

    internal ValueTask StopAsync(TimeSpan grace) => supervisor!.StopAsync(grace);

    /// <summary>Gives a command twice, as a network may, and waits for its outcome.</summary>
    internal async Task<CommandOutcome> CommandAsync(string verb, JsonObject? arguments, CancellationToken cancellationToken)
    {
        var command = new MachineCommand { Id = Guid.NewGuid().ToString("N"), Verb = verb, TaskId = "task-1", Arguments = arguments };
        await supervisor!.CommandAsync(command);
        await supervisor.CommandAsync(command);
        var update = await UntilAsync(u => u.Report.Outcomes.Any(o => o.Id == command.Id), $"outcome of {verb}", cancellationToken);
        return update.Report.Outcomes.Single(o => o.Id == command.Id);
    }

    /// <summary>The first update that fits; a life that ends without one is a failure that tells what was reported.</summary>
    internal async Task<MachineUpdate> UntilAsync(Func<MachineUpdate, bool> fits, string what, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task next;
            lock (gate)
            {
                if (updates.FirstOrDefault(fits) is { } found)
                {
                    return found;
                }

                next = changed.Task;
            }

            if (await NextAsync(next, what, cancellationToken) == Life)
            {
                await Life;
                Assert.True(updates.Any(fits), $"Never came: {what}. It ended with: {Last.Phase} {Last.Report.Stage}: {Last.Report.Message}\n{string.Join('\n', Last.Report.Console)}\n{string.Join('\n', Log)}");
            }
        }
    }

    private async Task<Task> NextAsync(Task next, string what, CancellationToken cancellationToken)
    {
        try
        {
            return await Task.WhenAny(next, Life).WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException waited)
        {
            throw new TimeoutException($"Never came: {what}. Now: {Last.Phase} {Last.Report.Stage}: {Last.Report.Message}\n{string.Join('\n', console.Tail(40))}\n{string.Join('\n', Log)}", waited);
        }
    }

    internal Task<MachineUpdate> UntilStageAsync(string stage, CancellationToken cancellationToken) =>
        UntilAsync(update => update.Report.Stages.Any(record => record.Stage == stage), $"stage {stage}", cancellationToken);

    internal Task<MachineUpdate> UntilPhaseAsync(MachinePhase phase, CancellationToken cancellationToken) =>
        UntilAsync(update => update.Phase == phase, $"phase {phase}", cancellationToken);

    public async ValueTask DisposeAsync()
    {
        if (supervisor is not null)
        {
            await supervisor.StopAsync(TimeSpan.Zero);
            await ((Task)Life).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            supervisor.Dispose();
        }

        console.Dispose();
        root.Delete(recursive: true);
    }

    private void Take(MachineUpdate update)
    {
        TaskCompletionSource before;
        lock (gate)
        {
            updates.Add(update);
            before = changed;
            changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        before.TrySetResult();
    }
}
