using System.Globalization;
using Drover.Api.Agents;
using Drover.Api.Machines;

namespace Drover.Executor.Machines;

/// <summary>The one writer of one machine's life: takes events in order, moves along <see cref="MachineLifecycle"/>, then acts.</summary>
/// <remarks>
/// Purpose: from a task to a registered host, and back to nothing. Ownership: it owns the driver, the machine and <c>machine.json</c>.
/// Failure: every stage has its time-out; whatever fails ends in phase failed with stage, cause and the last console lines, after everything but
/// the logs is removed. A stop is possible at any moment and always ends.
/// </remarks>
internal sealed class MachineSupervisor : IDisposable
{
    private const string SwitchedOn = "The machine is switched on.";

    private static readonly string[] Preparations = [MachineStage.Image, MachineStage.Disk, MachineStage.Network];

    private readonly MachineEvents events = new();
    private readonly MachineContext context;
    private readonly MachineWork work;
    private readonly MachineStory story;
    private readonly CommandLedger commands = new();
    private readonly IMachineDriver driver;
    private IMachine? running;
    private MachinePhase phase = MachinePhase.Preparing;

    /// <param name="report">Gets every update in order; the last has a final phase and comes after everything is removed.</param>
    internal MachineSupervisor(MachineContext context, IMachineDriver driver, string taskId, Action<MachineUpdate> report)
    {
        this.context = context;
        this.driver = driver;
        work = new MachineWork(context, driver, events);
        story = new MachineStory(context, taskId, driver, commands, report);
    }

    /// <summary>What the machine is, or is to be.</summary>
    internal MachineTask Task => context.Task;

    /// <summary>Lives the whole life and returns its final phase.</summary>
    internal async Task<MachinePhase> RunAsync()
    {
        try
        {
            BeginPreparation(Preparations[0]);
            while (!phase.IsFinal())
            {
                Handle(await events.NextAsync());
            }

            await work.EndAsync(gone: () => story.Gone(phase));
            story.Ended(phase);
            return phase;
        }
        catch
        {
            // A fault of ours: at least nothing may run on. The files stay for whoever looks for it.
            await work.KillAsync();
            throw;
        }
    }

    /// <summary>Asks for the machine's end, at any time, also twice: the shorter grace counts.</summary>
    internal ValueTask StopAsync(TimeSpan grace) => events.PostAsync(new MachineEvent.StopAsked(grace));

    /// <summary>Carries a command out, once; its outcome is part of every later report.</summary>
    internal ValueTask CommandAsync(MachineCommand command) => events.PostAsync(new MachineEvent.Commanded(command));

    public void Dispose() => work.Dispose();

    private void Handle(MachineEvent happened)
    {
        switch (happened)
        {
            case MachineEvent.Prepared(var stage) when phase == MachinePhase.Preparing:
                BeginAfter(stage);
                break;
            case MachineEvent.TurnCame when phase == MachinePhase.Preparing:
                work.Limit(MachineStage.Boot);
                story.Note(phase, SwitchedOn);
                work.PowerOn();
                break;
            case MachineEvent.PoweredOn(var machine) when Moves(MachineTrigger.PoweredOn):
                running = machine;
                story.PoweredOn(phase, machine.Process);
                work.Attend(machine);
                break;
            case MachineEvent.Progressed(var stage, var message) when stage == story.Stage:
                story.Note(phase, message);
                break;
            case MachineEvent.Said(var machine, var message):
                OnSaid(machine, message);
                break;
            case MachineEvent.StageFailed(_, var cause, var missing):
                Fail(cause, missing);
                break;
            case MachineEvent.StageTimedOut(var stage, var seconds) when stage == story.Stage && phase != MachinePhase.Registered:
                Fail(StageTimer.Sentence(stage, seconds));
                break;
            case MachineEvent.Commanded(var command):
                OnCommand(command);
                break;
            case MachineEvent.Switched(var trigger) when Moves(trigger):
                story.Switched(phase);
                break;
            case MachineEvent.CommandEnded(var outcome):
                commands.End(outcome);
                story.Repeat(phase);
                break;
            case MachineEvent.Frozen(var message) when Moves(MachineTrigger.Frozen):
                work.Unlimit();
                story.Finished(phase, message);
                break;
            case MachineEvent.StopAsked(var grace):
                OnStop(grace);
                break;
            case MachineEvent.Vacated(var outcome):
                commands.End(outcome);
                if (Moves(MachineTrigger.Kept))
                {
                    story.Vacated(phase);
                }

                break;
            case MachineEvent.Broken(var cause):
                throw new MachineException(cause);
            case MachineEvent.Gone when phase is MachinePhase.Freezing or MachinePhase.Vacating:
                // Both end the machine. Whether it ended too early is known to who does it.
                break;
            case MachineEvent.Gone(var cause) when phase != MachinePhase.Stopping:
                Fail(cause);
                break;
            case MachineEvent.Gone when Moves(MachineTrigger.Gone):
                break;
        }
    }

    /// <summary>Takes the trigger if the table knows it here.</summary>
    private bool Moves(MachineTrigger trigger)
    {
        if (MachineLifecycle.Next(phase, trigger) is not { } next)
        {
            return false;
        }

        phase = next;
        return true;
    }

    private void BeginAfter(string stage)
    {
        if (stage == MachineStage.Image && context.Task.Kind == TaskKind.Template && driver.Start?.Template == TemplateState.Used && Moves(MachineTrigger.Frozen))
        {
            work.Unlimit();
            story.Finished(phase, "The template exists already.");
            return;
        }

        if (context.Task.Kind == TaskKind.Discard && Moves(MachineTrigger.Frozen))
        {
            work.Unlimit();
            story.Finished(phase, "Nothing is kept of the machine.");
            return;
        }

        var next = Array.IndexOf(Preparations, stage) + 1;
        if (next < Preparations.Length)
        {
            BeginPreparation(Preparations[next]);
            return;
        }

        if (work.TryTakeTurn())
        {
            BeginStage(MachineStage.Boot, SwitchedOn);
            work.PowerOn();
            return;
        }

        // Not limited: it depends on how many there are.
        work.Unlimit();
        story.Begin(phase, MachineStage.Boot, "Waiting for its turn: others are coming up on this computer.");
        work.AwaitTurn();
    }

    private void BeginPreparation(string stage)
    {
        BeginStage(stage, stage switch
        {
            MachineStage.Image => $"The image '{context.Task.Image.Name}' is made ready.",
            MachineStage.Disk => "The disk is made.",
            _ => "The network is made ready.",
        });
        work.Prepare(stage);
    }

    private void BeginStage(string stage, string message)
    {
        work.Limit(stage);
        story.Begin(phase, stage, message);
    }

    private void OnSaid(IMachine machine, GuestMessage message)
    {
        switch (message.Type)
        {
            case GuestMessage.Hello or GuestMessage.Seeded when message.Protocol != GuestMessage.CurrentProtocol:
                Fail(string.Create(CultureInfo.InvariantCulture, $"The guest's agent (version {message.Version ?? "unknown"}) speaks protocol {message.Protocol ?? 0}, this executor {GuestMessage.CurrentProtocol}: make the image anew with the agent of this release."));
                break;
            case GuestMessage.Hello or GuestMessage.Seeded when phase is not (MachinePhase.Preparing or MachinePhase.Freezing or MachinePhase.Stopping):
                work.Introduce(machine);
                if (Moves(MachineTrigger.Hello))
                {
                    BeginStage(MachineStage.Docker, "The guest is up; Docker starts.");
                }

                break;
            case GuestMessage.Stage when phase == MachinePhase.Docker && message.StageName == MachineStage.Register && story.Stage == MachineStage.Docker:
                BeginStage(MachineStage.Register, message.Message ?? "The agent registers.");
                break;
            case GuestMessage.Stage when phase == MachinePhase.Docker && message.StageName == story.Stage && message.Message is { } text:
                story.Note(phase, text);
                break;
            case GuestMessage.Parked when Moves(MachineTrigger.Parked):
                work.Unlimit();
                story.Parked(phase);
                break;
            case GuestMessage.Prepared when Moves(MachineTrigger.Prepared):
                story.Freezing(phase);
                work.Freeze(machine);
                break;
            case GuestMessage.Inspected:
                work.Inspected(message);
                break;
            case GuestMessage.Stage when phase == MachinePhase.Claimed && message.Message is { } text:
                story.Note(phase, text);
                break;
            case GuestMessage.Ready when Moves(MachineTrigger.Ready):
                work.Unlimit();
                story.Registered(phase, message.Message);
                work.Settle(machine);
                work.Commands.Up();
                break;
            case GuestMessage.Failure when phase is MachinePhase.Docker or MachinePhase.Claimed:
                Fail($"The guest gave up: {message.Message ?? "without a reason"}");
                break;
        }
    }

    private void OnCommand(MachineCommand command)
    {
        if (!commands.TryTake(command.Id))
        {
            story.Repeat(phase);
            return;
        }

        var busy = CommandRules.IsOfMachines(command.Verb) && work.Commands.IsBusy ? "Another command is being carried out." : null;
        if ((busy ?? CommandRules.Refusal(command, phase, context.Task)) is { } refusal)
        {
            commands.End(new CommandOutcome { Id = command.Id, Ok = false, Message = refusal });
            story.Repeat(phase);
            return;
        }

        switch (command.Verb)
        {
            case MachineCommand.Claim when Moves(MachineTrigger.Claim):
                context.Become(command.Task!);
                work.Adopt(running!);
                work.Limit(MachineStage.Register);
                commands.End(new CommandOutcome { Id = command.Id, Ok = true, Message = $"The spare is '{context.Task.Name}' now." });
                story.Claimed(phase);
                break;
            case MachineCommand.Settle:
                work.Settle(command);
                break;
            case MachineCommand.Inspect:
                work.Inspect(running!, command);
                break;
            case MachineCommand.Check:
                work.Check(running!, command);
                break;
            case MachineCommand.Console:
                work.OpenConsole(running!, command);
                break;
            default:
                work.Carry(running!, command, isOff: phase == MachinePhase.Off);
                break;
        }
    }

    private void OnStop(TimeSpan grace)
    {
        // A guest that is not yet a host has nothing to lose: do not wait for it.
        var granted = phase == MachinePhase.Registered ? grace : TimeSpan.Zero;
        if (Moves(MachineTrigger.Stop))
        {
            work.Unlimit();
            story.Stopping(phase);
            work.Stop(granted);
        }
        else
        {
            work.Hurry(grace);
        }
    }

    private void Fail(string cause, bool disksMissing = false)
    {
        if (Moves(MachineTrigger.Fail))
        {
            story.Failed(phase, cause, disksMissing);
        }
    }
}
