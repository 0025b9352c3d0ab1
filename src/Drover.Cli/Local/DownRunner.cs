using Drover.Api.Cattle;
using Drover.Cli.Doctor;
using Drover.Cli.Hosts;
using Drover.Cli.Output;

namespace Drover.Cli.Local;

/// <summary><c>drover down</c>: removes the machines, stops the services, and sees to it that no process of the instance is left.</summary>
/// <remarks>
/// Current state: what the data folder and the process table say. Intended: no droverd of the folder, and without <c>--keep-hosts</c> no
/// executor, QEMU or agent either. It can be repeated and continues wherever it was stopped. With droverd dead the machines cannot be asked to
/// power down through the API; their processes are then ended directly, and the next <c>up</c> finds them gone.
/// A protected machine stops all of it before anything is done, or makes it keep the hosts.
/// </remarks>
/// <param name="keepIfProtected">With a protected machine keep all hosts, instead of refusing: for whom nobody can ask.</param>
internal sealed class DownRunner(DataFolder data, bool keepHosts, TimeSpan patience, CliContext context, Func<IStepBoard> newBoard, bool keepIfProtected = false)
{
    public static readonly TimeSpan StandardPatience = TimeSpan.FromMinutes(5);

    private static readonly TimeSpan DaemonGrace = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan ExecutorGrace = TimeSpan.FromSeconds(10);

    private readonly ProcessTable _processes = new(context.ProcFolder);
    private bool _keepHosts = keepHosts;

    /// <param name="hurry">Cancelled: nothing is waited for any more; processes are killed.</param>
    public async Task<int> RunAsync(CancellationToken hurry)
    {
        if (!Directory.Exists(data.Path))
        {
            context.Console.Out.WriteLine($"Nothing runs on {data.Path}: there is no such folder.");
            return ExitCode.Ok;
        }

        await using var board = newBoard();
        using var turn = await TurnLock.TakeAsync(data, context.Time, () => board.Say($"Another 'drover up' or 'drover down' works on {data.Path}; waiting for it."), hurry);
        var before = _processes.OfInstance(data);
        var instance = data.ReadInstance() is { } record && _processes.IsAlive(record.Pid, record.StartTime) ? record : null;
        if (!_keepHosts && instance is not null && await ProtectedAsync(instance, hurry) is { Count: > 0 } kept)
        {
            _keepHosts = keepIfProtected ? true : throw new CliFailure(
                ExitCode.Refused,
                $"Nothing was stopped: {string.Join(", ", kept)} {(kept.Count == 1 ? "is" : "are")} protected, and 'down' removes the hosts.",
                $"'{context.Called} down --keep-hosts' stops the services only; '{context.Called} host unprotect {string.Join(' ', kept)}' lets them be removed.");
            board.Say($"{string.Join(", ", kept)} {(kept.Count == 1 ? "is" : "are")} protected: the hosts are kept, only the services stop.");
        }

        var removed = _keepHosts || instance is null || await RemoveHostsAsync(instance, board, hurry);
        await StopServicesAsync(board, hurry);
        var killed = _keepHosts ? [] : await EndLeftoversAsync(board, hurry);
        await LocalLedger.ClearUpAsync(data, board.Say, context, CancellationToken.None);
        if (_processes.DaemonOf(data) is null)
        {
            File.Delete(data.InstanceFile);
        }

        await board.DisposeAsync();
        return Tell(before, removed, killed);
    }

    /// <summary>The names of machines that must not be removed. None when the server does not say: what is left is ended by process then, as with a dead one.</summary>
    private async Task<IReadOnlyList<string>> ProtectedAsync(InstanceRecord instance, CancellationToken hurry)
    {
        try
        {
            using var server = LocalServer.Connect(data, instance, context);
            var kept = new List<string>();
            foreach (var environment in await server.Api.ListAsync("projects", [new("all", "true")], hurry))
            {
                var rows = await new HostDirectory(server.Api.ForProject(environment.Id)).ListAsync(hurry);
                kept.AddRange(rows.Where(r => r.IsProtected).Select(r => r.Name));
            }

            return kept;
        }
        catch (Exception e) when (e is CattleException or CliFailure or OperationCanceledException)
        {
            return [];
        }
    }

    /// <summary>By the API, in every environment. False when that did not work out; the processes are ended all the same.</summary>
    private async Task<bool> RemoveHostsAsync(InstanceRecord instance, IStepBoard board, CancellationToken hurry)
    {
        using var limit = new CancellationTokenSource(patience, context.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, hurry);
        try
        {
            using var server = LocalServer.Connect(data, instance, context);
            var environments = await server.Api.ListAsync("projects", [new("all", "true")], either.Token);
            foreach (var environment in environments.Select(e => server.Api.ForProject(e.Id)))
            {
                var rows = (await new HostDirectory(environment).ListAsync(either.Token)).Where(r => r.Machine is not null).ToList();
                var removal = new HostRemoval(environment, context.Time);
                foreach (var row in rows)
                {
                    await removal.RequestAsync(row, either.Token);
                }

                await removal.WaitAsync(rows, board, either.Token);
            }

            // What is left is the pool's, and nobody's host: it is told to end while there is still an agent that takes its last word.
            var executors = _processes.OfInstance(data).Where(p => p.Program != "droverd").ToList();
            foreach (var executor in executors.Where(p => p.Program == "drover-executor"))
            {
                ProcessSignal.Send(_processes, executor.Pid, executor.StartTime, ProcessSignal.Terminate);
            }

            return (await Ending.AwaitAsync(executors, _processes, ExecutorGrace, context.Time, either.Token)).Count == 0;
        }
        catch (Exception e) when (e is CattleException or CliFailure or OperationCanceledException)
        {
            board.Say($"The hosts could not be removed in good order: {(e is OperationCanceledException ? "that took too long." : e.Message)} Their processes are ended now.");
            return false;
        }
    }

    private async Task StopServicesAsync(IStepBoard board, CancellationToken hurry)
    {
        var daemons = _processes.OfInstance(data).Where(p => p.Program == "droverd").ToList();
        if (daemons.Count > 0)
        {
            await new StepRunner(board, context.Time).RunAsync("services stop", async _ =>
            {
                var stubborn = await Ending.OfAsync(daemons, _processes, DaemonGrace, context.Time, hurry);
                return new StepResult(stubborn.Count == 0 ? null : "killed: it did not end by itself");
            });
        }
    }

    private async Task<IReadOnlyList<RunningProcess>> EndLeftoversAsync(IStepBoard board, CancellationToken hurry)
    {
        var ended = new List<RunningProcess>();

        // An executor may start a QEMU while it is told to end: look until nothing is found.
        for (var round = 0; round < 5 && _processes.OfInstance(data) is { Count: > 0 } left; round++)
        {
            ended.AddRange(left);
            await new StepRunner(board, context.Time).RunAsync("machines stop", async _ =>
            {
                await Ending.OfAsync(left, _processes, ExecutorGrace, context.Time, hurry);
                return new StepResult(string.Join(", ", left.GroupBy(p => p.Program).Select(g => $"{g.Count()} {g.Key}")));
            });
        }

        return ended;
    }

    private int Tell(IReadOnlyList<RunningProcess> before, bool removed, IReadOnlyList<RunningProcess> killed)
    {
        var left = _processes.OfInstance(data).Where(p => !_keepHosts || p.Program == "droverd").ToList();
        if (left.Count > 0)
        {
            throw new CliFailure(ExitCode.Failed, $"Some processes did not end: {string.Join(", ", left.Select(p => $"{p.Program} ({p.Pid})"))}.", "Do they belong to another user? Run this as that user.");
        }

        var kept = _processes.OfInstance(data).Count(p => p.Program == "drover-executor");
        var output = context.Console.Out;
        output.WriteLine(before.Count == 0 ? $"Nothing ran on {data.Path}."
            : _keepHosts ? $"The services have stopped. {kept} machine(s) run on; '{context.Called} up' finds them again."
            : removed && killed.Count == 0 ? "Drover has stopped; nothing is left running."
            : $"Drover has stopped; nothing is left running. {killed.Count} process(es) had to be ended without the services; the next '{context.Called} up' cleans up their records.");
        output.Flush();
        return ExitCode.Ok;
    }
}
