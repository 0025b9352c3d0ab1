using Drover.Api.Machines;

namespace Drover.Executor.Machines;

/// <summary>The stages of one machine with their times: what the pages show and the figures are made of.</summary>
internal sealed class StageClock(TimeProvider time)
{
    private const int MaxMessage = 500;
    private readonly List<StageRecord> stages = [];

    internal string Current => stages.Count == 0 ? MachineStage.Image : stages[^1].Stage;

    internal IReadOnlyList<StageRecord> Stages => [.. stages];

    /// <summary>Ends the stage that runs, if one does, and begins another. Beginning the one that runs already changes nothing.</summary>
    internal void Begin(string stage, string message)
    {
        if (stages.Count > 0 && stages[^1].Stage == stage)
        {
            return;
        }

        End(StageStatus.Done, null);
        stages.Add(new StageRecord { Stage = stage, Status = StageStatus.Running, StartedAt = time.GetUtcNow(), Message = message });
    }

    /// <summary>Replaces what the running stage says. False when that is nothing new.</summary>
    internal bool Note(string message)
    {
        message = message.Length > MaxMessage ? message[..MaxMessage] : message;
        if (stages.Count == 0 || stages[^1].Status != StageStatus.Running || stages[^1].Message == message)
        {
            return false;
        }

        stages[^1] = stages[^1] with { Message = message };
        return true;
    }

    /// <summary>Ends the running stage.</summary>
    internal void End(string status, string? message)
    {
        if (stages.Count > 0 && stages[^1].Status == StageStatus.Running)
        {
            stages[^1] = stages[^1] with { Status = status, FinishedAt = time.GetUtcNow(), Message = message ?? stages[^1].Message };
        }
    }

    /// <summary>The whole story up to now. A failure after the last stage is a failure although every stage is done.</summary>
    /// <param name="message">Instead of what the last stage said.</param>
    internal StageReport Report(AcceleratorChoice? accelerator, bool failed, string? message, IReadOnlyList<string> console) => new()
    {
        Stage = Current,
        Status = failed || stages.Count == 0 ? StageStatus.Failed : stages[^1].Status,
        Message = message ?? (stages.Count == 0 ? null : stages[^1].Message),
        Progress = stages is [.., { Stage: MachineStage.Register, Status: StageStatus.Done }] ? 100 : MachineStage.ProgressAtStart(Current),
        Stages = Stages,
        Accelerator = accelerator?.Name,
        AcceleratorReason = accelerator?.Reason,
        Console = console,
    };
}
