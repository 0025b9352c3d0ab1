using System.Globalization;
using System.Text.Json.Nodes;
using Drover.Api.Machines;

namespace Drover.Executor.Commands;

/// <summary>What a guest's answer says about its Docker, after it was to run a container. Pure.</summary>
internal static class GuestCheck
{
    /// <summary>The container of <see cref="MachineCommand.Inspect"/> that is run to its end.</summary>
    internal const string Container = "run";

    private const int MostOutput = 200;

    /// <summary>What the guest sees of itself, as it is.</summary>
    internal static CommandOutcome ReadFacts(string id, IReadOnlyDictionary<string, string> facts) => facts.GetValueOrDefault("error") is { } error
        ? Failed(id, error)
        : new CommandOutcome { Id = id, Ok = true, Data = new JsonObject(facts.Select(fact => KeyValuePair.Create(fact.Key, (JsonNode?)fact.Value))) };

    /// <param name="facts">As the guest's agent found them.</param>
    /// <param name="took">From the question to the answer.</param>
    internal static CommandOutcome Read(string id, IReadOnlyDictionary<string, string> facts, TimeSpan took, DateTimeOffset now)
    {
        if (facts.GetValueOrDefault("error") is { } error)
        {
            return Failed(id, $"No container could be run: {error}");
        }

        var status = facts.GetValueOrDefault("containerStatus");
        if (status != "0")
        {
            var output = facts.GetValueOrDefault("containerOutput")?.Trim() is { Length: > 0 } said ? $" and said: {said[..Math.Min(said.Length, MostOutput)]}" : ".";
            return Failed(id, $"The container ended with '{status}'{output}");
        }

        var check = new JsonObject
        {
            ["at"] = now.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture),
            ["seconds"] = Math.Round(took.TotalSeconds, 3),
            ["containerId"] = facts.GetValueOrDefault("containerId"),
            ["engineId"] = facts.GetValueOrDefault("engineId"),
        };
        return new CommandOutcome
        {
            Id = id,
            Ok = true,
            Message = string.Create(CultureInfo.InvariantCulture, $"A container was run in {took.TotalSeconds:0.0} s."),
            Data = new JsonObject { ["check"] = check },
        };
    }

    private static CommandOutcome Failed(string id, string why) => new() { Id = id, Ok = false, Message = why };
}
