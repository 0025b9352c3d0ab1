using System.Text.Json.Nodes;
using Drover.Api.Cattle;
using Drover.Cli.Output;

namespace Drover.Cli.Hosts;

/// <summary>What a new host should be. Null means the server's default.</summary>
internal sealed record HostSpec
{
    public double? Cpus { get; init; }

    public string? Memory { get; init; }

    public string? Disk { get; init; }

    public string? Image { get; init; }

    /// <summary>The text itself.</summary>
    public string? UserData { get; init; }

    public string? Network { get; init; }

    public string? StartFrom { get; init; }

    public string? Display { get; init; }

    public string? NetworkBytes { get; init; }

    public IReadOnlyList<string> Constraints { get; init; } = [];

    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>As the server takes them: <c>data:20GiB</c>.</summary>
    public IReadOnlyList<string> Disks { get; init; } = [];

    public bool Protect { get; init; }

    /// <summary>As the server takes it: <c>2h</c>.</summary>
    public string? DeleteAfter { get; init; }

    public JsonObject ToRequest(string name)
    {
        var config = new JsonObject();
        if (Cpus is { } cpus)
        {
            config["cpus"] = cpus;
        }

        foreach (var (field, value) in new[] { ("memory", Memory), ("disk", Disk), ("image", Image), ("userData", UserData), ("network", Network), ("startFrom", StartFrom), ("display", Display), ("networkBytes", NetworkBytes) })
        {
            if (value is not null)
            {
                config[field] = value;
            }
        }

        if (Constraints.Count > 0)
        {
            config["constraints"] = new JsonArray([.. Constraints.Select(c => (JsonNode)c)]);
        }

        if (Disks.Count > 0)
        {
            config["disks"] = new JsonArray([.. Disks.Select(d => (JsonNode)d)]);
        }

        var request = new JsonObject { ["name"] = name, ["mesosConfig"] = config };
        if (Labels.Count > 0)
        {
            request["labels"] = new JsonObject(Labels.Select(l => KeyValuePair.Create(l.Key, (JsonNode?)l.Value)));
        }

        if (Protect)
        {
            request["protected"] = true;
        }

        if (DeleteAfter is { } after)
        {
            request["deleteAfter"] = after;
        }

        return request;
    }
}

/// <summary>Asks for hosts and follows them until they are active or have failed.</summary>
internal sealed class HostCreation(CattleClient environment, TimeProvider time)
{
    private readonly HostDirectory _directory = new(environment);

    /// <summary>Asks for every name in turn.</summary>
    /// <param name="asked">Called with each machine as it is asked for, so that a caller that is interrupted knows what goes on.</param>
    public async Task<IReadOnlyList<HostRow>> RequestAsync(IReadOnlyList<string> names, HostSpec spec, Action<HostRow> asked, CancellationToken cancellationToken)
    {
        var rows = new List<HostRow>();
        foreach (var name in names)
        {
            var row = new HostRow(await environment.CreateAsync("machines", spec.ToRequest(name), cancellationToken), null);
            rows.Add(row);
            asked(row);
        }

        return rows;
    }

    /// <summary>Asks for a copy of a host under each name.</summary>
    /// <exception cref="CliFailure">It is a host without a machine.</exception>
    public async Task<IReadOnlyList<HostRow>> CloneAsync(HostRow source, IReadOnlyList<string> names, CancellationToken cancellationToken)
    {
        var machine = source.Machine ?? throw new CliFailure(ExitCode.Refused, $"{source.Name} was added by hand: there is no machine of Drover's to clone.");
        var rows = new List<HostRow>();
        foreach (var name in names)
        {
            rows.Add(new HostRow(await environment.ActionAsync("machines", machine.Id, "clone", new JsonObject { ["name"] = name }, cancellationToken), null));
        }

        return rows;
    }

    /// <summary>Follows the machines until each is active, in error, or deleted by somebody else.</summary>
    /// <returns>The rows as they ended; null for one whose record is gone.</returns>
    public async Task<IReadOnlyList<HostRow?>> FollowAsync(IReadOnlyList<HostRow> rows, IStepBoard board, bool grouped, CancellationToken cancellationToken)
    {
        await using var changes = new ChangeSignal(environment, time);
        return await new HostWait(_directory, changes, time).UntilAsync(rows, HasEnded, Show, cancellationToken);

        void Show(HostRow asked, HostRow? now)
        {
            if (now is not null)
            {
                StageSteps.Show(now, board, grouped, time);
            }
        }
    }

    /// <summary>One sentence for a machine that did not become active; null for one that did.</summary>
    public static string? Failure(HostRow asked, HostRow? ended) => ended switch
    {
        { State: "active" } => null,
        null or { IsGone: true } or { State: "removing" } => $"{asked.Name} was deleted while it was being made.",
        { Failure: { } failure } => $"{ended.Name} failed at the stage {failure.Text("stage") ?? "?"}: {failure.Text("cause") ?? "no cause was given."}",
        _ => $"{ended.Name} failed: {ended.Message ?? ended.Machine?.TransitioningMessage ?? "no cause was given."}",
    };

    /// <summary>The last console lines of a machine that failed.</summary>
    public static IReadOnlyList<string> ConsoleOf(HostRow? ended) =>
        [.. (ended?.Failure?["console"] as JsonArray ?? []).OfType<JsonValue>().Select(line => line.ToString())];

    private static bool HasEnded(HostRow? row) => row is null || row.IsGone || row.State is "active" or "error" or "removing";
}
