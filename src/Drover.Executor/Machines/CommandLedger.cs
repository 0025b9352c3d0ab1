using Drover.Api.Machines;

namespace Drover.Executor.Machines;

/// <summary>The commands that this executor was told, each taken once: messages may be lost or doubled, and the scheduler repeats one until it sees its outcome.</summary>
internal sealed class CommandLedger
{
    /// <summary>As many as <see cref="StageReport.Outcomes"/> holds. An older command is known no more; the scheduler has long had its answer.</summary>
    private const int Kept = 16;

    private readonly List<(string Id, CommandOutcome? Outcome)> entries = [];

    /// <summary>Oldest first; those that still run have none.</summary>
    internal IReadOnlyList<CommandOutcome> Outcomes => [.. entries.Select(entry => entry.Outcome).OfType<CommandOutcome>()];

    /// <summary>False when the command was taken before.</summary>
    internal bool TryTake(string id)
    {
        if (entries.Exists(entry => entry.Id == id))
        {
            return false;
        }

        entries.Add((id, null));
        if (entries.Count > Kept)
        {
            // One that still runs must stay: it would be taken again, and its outcome would be lost.
            entries.RemoveAt(Math.Max(0, entries.FindIndex(entry => entry.Outcome is not null)));
        }

        return true;
    }

    internal void End(CommandOutcome outcome)
    {
        var index = entries.FindIndex(entry => entry.Id == outcome.Id);
        if (index >= 0)
        {
            entries[index] = (outcome.Id, outcome);
        }
    }
}
