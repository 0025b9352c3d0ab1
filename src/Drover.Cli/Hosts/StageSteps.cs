using Drover.Cli.Output;

namespace Drover.Cli.Hosts;

/// <summary>Shows a machine's stages as steps, and in place of the queue's message why it waits and what would help.</summary>
internal static class StageSteps
{
    /// <summary>A request that is placed at once gives no reason worth reading.</summary>
    private static readonly TimeSpan WorthSaying = TimeSpan.FromSeconds(1);

    /// <param name="grouped">The steps carry the host's name, because several are shown at once.</param>
    public static void Show(HostRow row, IStepBoard board, bool grouped, TimeProvider time)
    {
        var group = grouped ? row.Name : "";
        var reason = row.Waiting?.Text("reason");
        foreach (var stage in row.Stages.Where(s => reason is null || s.Stage != "queue" || s.FinishedAt is not null))
        {
            board.Show(stage.ToStep(group));
        }

        if (!string.IsNullOrEmpty(reason) && !row.Stages.Any(s => s.Stage == "queue" && s.FinishedAt is not null))
        {
            var began = row.Stages.FirstOrDefault(s => s.Stage == "queue")?.StartedAt ?? row.Machine?.Time("created") ?? time.GetUtcNow();
            board.Show(new Step(group, "queue", StepState.Running, began, null, $"waiting: {Join(reason, row.Waiting?.Text("suggestion"))}", IsNews: time.GetUtcNow() - began > WorthSaying));
        }
    }

    private static string Join(string reason, string? suggestion) =>
        string.IsNullOrWhiteSpace(suggestion) ? reason : $"{reason.TrimEnd('.')}. {suggestion}";
}
