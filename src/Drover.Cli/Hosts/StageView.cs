using System.Globalization;
using System.Text.Json.Nodes;
using Drover.Api.Machines;
using Drover.Cli.Output;

namespace Drover.Cli.Hosts;

/// <summary>One stage of a machine, as the server shows it.</summary>
internal sealed record StageView(string Stage, string Status, DateTimeOffset StartedAt, DateTimeOffset? FinishedAt, string? Message)
{
    /// <summary>Null while it runs.</summary>
    public TimeSpan? Took => FinishedAt - StartedAt;

    /// <summary>The stages in the order of the road; entries that are no stages are left out.</summary>
    public static IReadOnlyList<StageView> ListOf(JsonArray? stages) =>
        [.. (stages ?? []).OfType<JsonObject>().Select(Read).OfType<StageView>().OrderBy(s => Order(s.Stage)).ThenBy(s => s.StartedAt)];

    public Step ToStep(string group) => new(
        group,
        Stage,
        Status switch { StageStatus.Done => StepState.Done, StageStatus.Failed => StepState.Failed, _ => StepState.Running },
        StartedAt,
        Took,
        Status == StageStatus.Done ? null : Message);

    public JsonObject ToJson() => new()
    {
        ["stage"] = Stage,
        ["status"] = Status,
        ["seconds"] = Took is { } took ? Math.Round(took.TotalSeconds, 3) : null,
        ["startedAt"] = StartedAt.ToString("O", CultureInfo.InvariantCulture),
        ["finishedAt"] = FinishedAt?.ToString("O", CultureInfo.InvariantCulture),
        ["message"] = Message,
    };

    private static StageView? Read(JsonObject json) =>
        json.Text("stage") is { } stage && Time(json.Text("startedAt")) is { } started
            ? new StageView(stage, json.Text("status") ?? StageStatus.Running, started, Time(json.Text("finishedAt")), json.Text("message"))
            : null;

    private static DateTimeOffset? Time(string? text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : null;

    private static int Order(string stage) => MachineStage.All.ToList().IndexOf(stage) is >= 0 and var at ? at : int.MaxValue;
}
