using Drover.Api.Machines;
using Drover.Executor.Images;

namespace Drover.Executor.Machines;

/// <summary>What is written down and told about one machine: <c>machine.json</c> and the reports.</summary>
internal sealed class MachineStory(MachineContext context, string taskId, IMachineDriver driver, CommandLedger commands, Action<MachineUpdate> report)
{
    private const int ConsoleLines = 40;
    private static readonly TimeSpan ReportPause = TimeSpan.FromSeconds(1);

    private StageClock clock = new(context.Time);
    private readonly MachineJournal journal = new(context.Sandbox, context.Options);
    private DateTimeOffset lastReport;
    private bool claimed;
    private bool missing;
    private MachineRecord record = new()
    {
        TaskId = taskId,
        MachineId = context.Task.MachineId,
        ExternalId = context.Task.ExternalId,
        Name = context.Task.Name,
        ExecutorPid = Environment.ProcessId,
        StateDirectory = context.StateDirectory,
        ImageDigest = context.Task.Image.Digest,
    };

    internal string Stage => clock.Current;

    /// <summary>Writes that a stage begins, then tells it: the intent is on disk before the act.</summary>
    internal void Begin(MachinePhase phase, string stage, string message)
    {
        clock.Begin(stage, message);
        Write(stage, phase);
        Tell(phase);
    }

    /// <summary>What the running stage says now. Told at most once per second: guests talk as much as they like.</summary>
    internal void Note(MachinePhase phase, string message)
    {
        if (clock.Note(message) && context.Time.GetUtcNow() - lastReport >= ReportPause)
        {
            Tell(phase);
        }
    }

    internal void PoweredOn(MachinePhase phase, ProcessRecord? process)
    {
        record = record with { Process = process };
        Write("powered-on", phase);
    }

    internal void Registered(MachinePhase phase, string? message)
    {
        clock.Begin(MachineStage.Register, "The agent registers.");
        clock.End(StageStatus.Done, message ?? "The host is registered.");
        Write("registered", phase);
        Tell(phase);
    }

    /// <summary>The spare is up, and waits.</summary>
    internal void Parked(MachinePhase phase)
    {
        clock.End(StageStatus.Done, "Docker answers; a spare that waits for an owner.");
        Write("parked", phase);
        Tell(phase);
    }

    /// <summary>The spare is somebody's. Its stages begin anew: what it did before was not done for this machine.</summary>
    internal void Claimed(MachinePhase phase)
    {
        var task = context.Task;
        claimed = true;
        record = record with { MachineId = task.MachineId, ExternalId = task.ExternalId, Name = task.Name };
        clock = new StageClock(context.Time);
        clock.Begin(MachineStage.Register, "The spare was claimed; its agent registers.");
        Write("claimed", phase);
        Tell(phase);
    }

    internal void Freezing(MachinePhase phase)
    {
        clock.Note("The machine is frozen into a template.");
        Write("freezing", phase);
        Tell(phase);
    }

    internal void Finished(MachinePhase phase, string message)
    {
        clock.End(StageStatus.Done, message);
        Write("finished", phase);
    }

    /// <summary>A person switches the machine; told with the outcome of his command.</summary>
    internal void Switched(MachinePhase phase) => Write(phase.ToString().ToLowerInvariant(), phase);

    /// <summary>The same once more, with what has become of the commands.</summary>
    internal void Repeat(MachinePhase phase) => Tell(phase);

    /// <summary>The machine goes on in another task.</summary>
    internal void Vacated(MachinePhase phase) => Write("vacated", phase);

    internal void Stopping(MachinePhase phase)
    {
        clock.End(StageStatus.Failed, "Stopped as asked.");
        Write("stopping", phase);
        Tell(phase);
    }

    internal void Failed(MachinePhase phase, string cause, bool disksMissing)
    {
        missing = disksMissing;
        record = record with { FailedAt = clock.Current, Cause = cause };
        clock.End(StageStatus.Failed, cause);
        Write("failed", phase);
    }

    internal void Gone(MachinePhase phase) => Write("gone", phase);

    /// <summary>The last word, when nothing is left but the logs.</summary>
    internal void Ended(MachinePhase phase)
    {
        record = record with { Removed = true };
        Write("removed", phase);
        Tell(phase);
    }

    private void Write(string step, MachinePhase phase)
    {
        record = record with { Phase = phase, Stages = clock.Stages, Accelerator = driver.Accelerator, Start = driver.Start };
        journal.Write(step, record);
    }

    private void Tell(MachinePhase phase)
    {
        lastReport = context.Time.GetUtcNow();
        var failed = phase == MachinePhase.Failed;
        var message = phase switch
        {
            MachinePhase.Failed => record.Cause,
            MachinePhase.Stopping => "The machine is being stopped.",
            MachinePhase.Stopped => "The machine is stopped.",
            MachinePhase.Vacated => "The machine is off, and its disks are kept for its next start.",
            _ => null,
        };
        var stages = clock.Report(driver.Accelerator, failed, message, failed ? context.Console.Tail(ConsoleLines) : []);
        var start = driver.Start;
        report(new MachineUpdate(phase, stages with
        {
            Network = driver.Connection?.Name,
            NetworkReason = driver.Connection?.Reason,
            NetworkAddress = driver.Connection?.Address,
            AddressInUse = driver.Connection?.AddressInUse,
            Way = claimed ? StartWay.Warm : start?.Way,
            WayReason = claimed ? $"A spare was claimed. It came up so: {start?.Reason}" : start?.Reason,
            DisksMissing = missing ? true : null,
            TemplateKey = start?.TemplateKey,
            Template = start?.Template,
            Outcomes = commands.Outcomes,
            CachedImages = clock.Current == MachineStage.Image ? [] : ImageCache.Digests(context.CacheDirectory),
        }));
    }
}
