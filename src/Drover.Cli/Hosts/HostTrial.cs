using System.Text.Json.Nodes;
using Drover.Api.Cattle;
using Drover.Cli.Output;

namespace Drover.Cli.Hosts;

/// <summary>Where hosts would go if they were asked for now (<c>POST machineTrials</c>).</summary>
internal static class HostTrial
{
    public static JsonObject Request(HostSpec spec, int count) => new() { ["mesosConfig"] = spec.ToRequest("")["mesosConfig"]!.DeepClone(), ["count"] = count };

    /// <summary>One row for each agent that the scheduler knows.</summary>
    public static Listing Listing(CattleResource trial) => new(
        [.. (trial.Array("agents") ?? []).OfType<JsonObject>().Select(agent => Row(agent, trial))],
        [
            Column.Of("AGENT", "name"),
            Column.Of("CPUS", "cpus", ColumnKind.Figure),
            Column.Of("MEMORY", "memory", ColumnKind.Figure),
            Column.Of("DISK", "disk", ColumnKind.Figure),
            Column.Of("TAKES", "takes", ColumnKind.Figure),
            Column.Of("WHY NOT", "misfit"),
        ],
        ["name", "cpus", "memory", "disk", "takes", "misfit"])
    {
        WhenEmpty = "The scheduler knows no agents yet.",
    };

    /// <returns>Success when all fit.</returns>
    public static int Tell(CattleResource trial, int count, CliContext context, bool quiet)
    {
        if (!quiet && trial.Text("message") is { } message)
        {
            context.Console.Error.WriteLine(TextSafety.Line(message));
        }

        return trial.Number("fits") >= count ? ExitCode.Ok : ExitCode.Failed;
    }

    private static JsonObject Row(JsonObject agent, CattleResource trial)
    {
        var name = agent.Text("agent") ?? "";
        var takes = (trial.Array("on") ?? []).OfType<JsonObject>().FirstOrDefault(place => place.Text("agent") == name)?["count"]?.DeepClone();
        return new JsonObject
        {
            ["id"] = name, ["name"] = name, ["state"] = agent["misfit"] is null ? "fits" : "full",
            ["cpus"] = agent["cpus"]?.DeepClone(), ["memory"] = agent.Text("memory"), ["disk"] = agent.Text("disk"), ["takes"] = takes, ["misfit"] = agent.Text("misfit"),
        };
    }
}
