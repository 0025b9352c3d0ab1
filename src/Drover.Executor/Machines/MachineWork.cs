using System.Text.Json.Nodes;
using Drover.Api.Agents;
using Drover.Api.Machines;
using Drover.Executor.Commands;
using Drover.Executor.Consoles;
using Drover.Executor.Disks;
using Drover.Executor.Images;
using Drover.Executor.Usage;

namespace Drover.Executor.Machines;

/// <summary>What runs beside the supervisor's loop: acts of the driver, the guest's talk, the watch for the machine's end. Their outcomes are events.</summary>
internal sealed class MachineWork(MachineContext context, IMachineDriver driver, MachineEvents events) : IDisposable
{
    /// <summary>A container under emulation on a busy computer takes its time.</summary>
    private static readonly TimeSpan InspectionTime = TimeSpan.FromMinutes(6);
    private static readonly TimeSpan AskAgain = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource work = new();

    /// <summary>What a person asks of the machine while it is there.</summary>
    internal CommandWork Commands { get; } = new(context, driver, events);

    private readonly ConsoleWork consoles = new(context, events);
    private Task act = Task.CompletedTask;
    private Task listening = Task.CompletedTask;
    private Task stopping = Task.CompletedTask;
    private Task measuring = Task.CompletedTask;
    private PowerOff? powerOff;
    private IMachine? machine;
    private TaskCompletionSource<GuestMessage>? inspection;
    private ITimer? timer;
    private StartTurn? turn;

    internal void Prepare(string stage)
    {
        var progress = new Progress(message => events.Offer(new MachineEvent.Progressed(stage, message)));
        act = ActAsync(stage, async token =>
        {
            await driver.PrepareAsync(stage, progress, token);
            return new MachineEvent.Prepared(stage);
        });
    }

    /// <summary>A place among the machines that come up, if there is one; else <see cref="AwaitTurn"/>.</summary>
    internal bool TryTakeTurn()
    {
        var places = StartTurn.Places(driver.Accelerator?.Name);
        try
        {
            return places == 0 || (turn = StartTurn.TryTake(context.StateDirectory, places, context.Time)) is not null;
        }
        catch (IOException e)
        {
            // It is a courtesy, not a condition.
            context.Options.Log($"no turns are taken: {e.Message}");
            return true;
        }
    }

    internal void AwaitTurn() => act = ActAsync(MachineStage.Boot, async token =>
    {
        turn = await StartTurn.TakeAsync(context.StateDirectory, StartTurn.Places(driver.Accelerator?.Name), context.Time, token);
        return new MachineEvent.TurnCame();
    });

    internal void PowerOn() => act = ActAsync(MachineStage.Boot, async token =>
    {
        machine = await driver.PowerOnAsync(token);
        return new MachineEvent.PoweredOn(machine);
    });

    /// <summary>Limits the stage's time; the limit of the stage before ends.</summary>
    internal void Limit(string stage)
    {
        timer?.Dispose();
        timer = StageTimer.Start(stage, context.Task.Timeouts, context.Time, seconds => events.Post(new MachineEvent.StageTimedOut(stage, seconds)));
    }

    /// <summary>Nothing is waited for any more: the machine is up, or goes.</summary>
    internal void Unlimit()
    {
        timer?.Dispose();
        turn?.Dispose();
    }

    /// <summary>Listens to the guest and waits for the machine's end.</summary>
    internal void Attend(IMachine running)
    {
        listening = ListenAsync(running);
        measuring = context.Task.Kind == TaskKind.Template ? Task.CompletedTask : new UsageSampler(context, running, driver.Tap).RunAsync(work.Token);
        _ = WatchAsync(running);
    }

    /// <summary>Answers the guest's hello with what it is to be: a machine, a spare that waits, or a template that knows nobody.</summary>
    internal void Introduce(IMachine running) => _ = running.Guest.SendAsync(
        context.Task.Kind == TaskKind.Template
            ? new() { Type = GuestMessage.Prepare }
            : new() { Type = context.Task.Kind == TaskKind.Spare ? GuestMessage.Park : GuestMessage.Identity, Guest = driver.Network.Identity(context.Task, context.Time) },
        work.Token);

    /// <summary>Makes a spare that was claimed the machine that the task says, and tells its guest.</summary>
    internal void Adopt(IMachine running) => act = AdoptAsync(running);

    internal void Freeze(IMachine running) => act = ActAsync(MachineStage.Docker, async token =>
    {
        var progress = new Progress(message => events.Offer(new MachineEvent.Progressed(MachineStage.Docker, message)));
        await driver.FreezeAsync(running, progress, token);
        return new MachineEvent.Frozen("The template is ready.");
    });

    /// <summary>Asks the guest what it sees of itself; <see cref="Inspected"/> takes its answer.</summary>
    internal void Inspect(IMachine running, MachineCommand command) =>
        _ = InspectAsync(running, command.Id, command.Arguments?["container"] is JsonValue value && value.TryGetValue<string>(out var container) ? container : null, (facts, _) => GuestCheck.ReadFacts(command.Id, facts));

    /// <summary>Has the guest run a container, and judges what it tells.</summary>
    internal void Check(IMachine running, MachineCommand command) =>
        _ = InspectAsync(running, command.Id, GuestCheck.Container, (facts, took) => GuestCheck.Read(command.Id, facts, took, context.Time.GetUtcNow()));

    internal void Carry(IMachine running, MachineCommand command, bool isOff) => Commands.Begin(running, command, isOff, work.Token);

    /// <summary>Opens a console for one person more; what else is done with the machine goes on beside it.</summary>
    internal void OpenConsole(IMachine running, MachineCommand command) => consoles.Begin(running, command, work.Token);

    /// <summary>The disks that the machine started from are its own now.</summary>
    internal void Settle(MachineCommand command) => _ = SettleDisksAsync(command);

    internal void Inspected(GuestMessage answer) => inspection?.TrySetResult(answer);

    internal void Settle(IMachine running) => act = SettleAsync(running);

    internal void Stop(TimeSpan grace) => stopping = StopAsync(grace);

    internal void Hurry(TimeSpan grace) => powerOff?.Shorten(grace);

    /// <summary>Ends whatever runs and removes everything but the logs.</summary>
    internal async Task EndAsync(Action gone)
    {
        await KillAsync();
        gone();
        await driver.RemoveAsync();
    }

    /// <summary>Ends whatever runs; files stay.</summary>
    internal async Task KillAsync()
    {
        timer?.Dispose();
        await work.CancelAsync();
        events.Close();
        await act;
        turn?.Dispose();
        machine?.Kill();
        await Commands.EndAsync();
        await consoles.EndAsync();
        await stopping;
        if (machine is { } running)
        {
            await running.Exited;
            await running.DisposeAsync();
        }

        await listening;
        await measuring;
    }

    public void Dispose()
    {
        timer?.Dispose();
        turn?.Dispose();
        powerOff?.Dispose();
        work.Dispose();
    }

    private async Task ActAsync(string stage, Func<CancellationToken, Task<MachineEvent>> does)
    {
        await Task.Yield();
        try
        {
            await events.PostAsync(await does(work.Token));
        }
        catch (OperationCanceledException) when (work.IsCancellationRequested)
        {
        }
        catch (MachineException e)
        {
            await events.PostAsync(new MachineEvent.StageFailed(stage, e.Message, e is DisksMissingException));
        }
        catch (IOException e) when (DiskSpace.IsFull(e))
        {
            await events.PostAsync(new MachineEvent.StageFailed(stage, $"A disk of this computer is full: {e.Message}"));
        }
        catch (Exception e)
        {
            context.Options.Log($"{stage}: {e}");
            await events.PostAsync(new MachineEvent.StageFailed(stage, $"unexpected: {e.Message}"));
        }
    }

    private async Task AdoptAsync(IMachine running)
    {
        try
        {
            await driver.AdoptAsync(context.Task, work.Token);
            Introduce(running);
        }
        catch (MachineException e)
        {
            await events.PostAsync(new MachineEvent.StageFailed(MachineStage.Register, e.Message));
        }
        catch (OperationCanceledException) when (work.IsCancellationRequested)
        {
        }
    }

    private async Task InspectAsync(IMachine running, string id, string? container, Func<IReadOnlyDictionary<string, string>, TimeSpan, CommandOutcome> read)
    {
        await Task.Yield();
        var answer = inspection = new(TaskCreationOptions.RunContinuationsAsynchronously);
        var wanted = new Dictionary<string, string>(StringComparer.Ordinal);
        if (container is not null)
        {
            wanted["container"] = container;
        }

        using var patience = new CancellationTokenSource(InspectionTime, context.Time);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, work.Token);
        CommandOutcome outcome;
        try
        {
            var asked = context.Time.GetTimestamp();
            while (!await running.Guest.SendAsync(new GuestMessage { Type = GuestMessage.Inspect, Facts = wanted }, work.Token))
            {
                // It takes nothing at present: its agent is away for a moment, or it is told something else.
                await Task.Delay(AskAgain, context.Time, limit.Token);
            }

            var found = (await answer.Task.WaitAsync(limit.Token)).Facts ?? new Dictionary<string, string>(StringComparer.Ordinal);
            outcome = read(found, context.Time.GetElapsedTime(asked));
        }
        catch (OperationCanceledException)
        {
            outcome = new CommandOutcome { Id = id, Ok = false, Message = $"The guest did not answer within {InspectionTime.TotalMinutes:0} minutes." };
        }

        await events.PostAsync(new MachineEvent.CommandEnded(outcome));
    }

    private async Task SettleAsync(IMachine running)
    {
        try
        {
            await running.SettleAsync(work.Token);
        }
        catch (Exception e) when (e is MachineException or OperationCanceledException)
        {
            // The machine is going, and its end is an event of its own.
        }
    }

    private async Task SettleDisksAsync(MachineCommand command)
    {
        await Task.Yield();
        CommandOutcome outcome;
        try
        {
            await KeptDisks.Of(context).SettleAsync(context.Task.ExternalId, context.TaskId);
            outcome = new CommandOutcome { Id = command.Id, Ok = true };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            outcome = new CommandOutcome { Id = command.Id, Ok = false, Message = e.Message };
        }

        await events.PostAsync(new MachineEvent.CommandEnded(outcome));
    }

    private async Task ListenAsync(IMachine running)
    {
        try
        {
            await foreach (var message in running.Guest.ReadAsync(work.Token))
            {
                await events.PostAsync(new MachineEvent.Said(running, message));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
        {
        }
    }

    private async Task WatchAsync(IMachine running) => await events.PostAsync(new MachineEvent.Gone((await running.Exited).Cause));

    private async Task StopAsync(TimeSpan grace)
    {
        await Task.Yield();
        await work.CancelAsync();
        await act;
        await Commands.EndAsync();
        if (machine is { } running)
        {
            powerOff = new PowerOff(running, context.Time);
            await powerOff.RunAsync(grace);
        }

        await events.PostAsync(new MachineEvent.Gone("stopped as asked"));
    }

    /// <summary><see cref="System.Progress{T}"/> reports on pool threads, out of order.</summary>
    private sealed class Progress(Action<string> act) : IProgress<string>
    {
        public void Report(string value) => act(value);
    }
}
