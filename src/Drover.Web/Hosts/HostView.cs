using System.Text.Json;
using System.Text.Json.Nodes;
using Drover.Api;
using Drover.Api.Agents;
using Drover.Api.Cattle;
using Drover.Api.Machines;

namespace Drover.Web.Hosts;

/// <summary>One host as the pages show it: a machine that was asked for together with the host that it became.</summary>
/// <remarks>Immutable; a change makes a new one, so that a card can tell by reference whether to draw.</remarks>
public sealed record HostView
{
    /// <summary>The machine's id, or the host's when it was added by hand. Names the page.</summary>
    public required string Key { get; init; }

    public required string Name { get; init; }

    public required HostStatus Status { get; init; }

    public string? MachineId { get; init; }

    public string? HostId { get; init; }

    /// <summary>The machine's external id, or the host's uuid.</summary>
    public string? Uuid { get; init; }

    public DateTimeOffset? Created { get; init; }

    public IReadOnlyList<StageRecord> Stages { get; init; } = [];

    public MachineSpec Spec { get; init; } = new();

    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    public WaitingView? Waiting { get; init; }

    public FailureView? Failure { get; init; }

    /// <summary>The sentence of the running or failed transition, if any.</summary>
    public string? Message { get; init; }

    /// <summary>The agent machine that runs it.</summary>
    public string? Placement { get; init; }

    /// <summary>The network it got, and why; null before that.</summary>
    public string? Network { get; init; }

    public string? NetworkReason { get; init; }

    public string? Accelerator { get; init; }

    public string? AcceleratorReason { get; init; }

    /// <summary>How it came up: <c>warm</c>, <c>template</c>, <c>cold</c> or <c>cloud-image</c>.</summary>
    public string? Way { get; init; }

    public string? WayReason { get; init; }

    /// <summary>From the request to an active host.</summary>
    public double? ReadySeconds { get; init; }

    /// <summary>The server refuses to remove it.</summary>
    public bool Protected { get; init; }

    /// <summary>When it is removed by itself.</summary>
    public DateTimeOffset? DeleteAt { get; init; }

    /// <summary>Its disk's snapshots, oldest first.</summary>
    public IReadOnlyList<SnapshotView> Snapshots { get; init; } = [];

    public LimitsView Limits { get; init; } = new(null, null);

    /// <summary>Why the last thing that was asked of the machine was not done; null when it was.</summary>
    public string? Trouble { get; init; }

    /// <summary>What the server offers to do with the machine now: <c>stop</c>, <c>snapshot</c>, …</summary>
    public IReadOnlySet<string> Offers { get; init; } = new HashSet<string>(StringComparer.Ordinal);

    public HostLoad? Load { get; init; }

    public HostFacts? Facts { get; init; }

    public string? Address { get; init; }

    /// <summary>What it was made from: equal sources need no new view.</summary>
    internal ViewSources Sources { get; init; } = new(null, null);

    /// <summary>The stage that runs, or that failed.</summary>
    public StageRecord? Stage => Stages.LastOrDefault(s => s.Status is StageStatus.Running or StageStatus.Failed);

    public bool IsNew => MachineId is not null && Status.Tone is StatusTone.Working or StatusTone.Waiting && Status.Name is "requested" or "creating" or "bootstrapping";

    /// <summary>Merges the two resources; at least one is given.</summary>
    public static HostView Of(CattleResource? machine, CattleResource? host)
    {
        var stages = machine is null ? [] : Stagelist(machine);
        var waiting = machine?.Object("waiting") is { } w ? WaitingView.Of(w) : null;
        var stage = stages.LastOrDefault(s => s.Status is StageStatus.Running or StageStatus.Failed)?.Stage ?? (stages is [.., { } last] ? last.Stage : null);
        var status = HostStatus.Of(machine?.State, host?.State, stage, waiting is not null);
        var told = status.Tone == StatusTone.Failed || host is null || machine is { State: not "active" } ? machine ?? host : host;
        return new HostView
        {
            Key = machine?.Id ?? host!.Id,
            Sources = new ViewSources(machine, host),
            MachineId = machine?.Id,
            HostId = host?.Id ?? machine?.Text("hostId"),
            Name = First(machine?.Name, host?.Name, host?.Text("hostname"), machine?.Id, host?.Id)!,
            Status = status,
            Uuid = machine?.Text("externalId") ?? host?.Uuid,
            Created = machine?.Time("created") ?? host?.Time("created"),
            Stages = stages,
            Spec = machine?.Object("mesosConfig") is { } config ? MachineSpec.Of(config) : new MachineSpec(),
            Labels = (host ?? machine)!.Map("labels") is { Count: > 0 } labels ? labels : machine?.Map("labels") ?? (host ?? machine)!.Map("labels"),
            Waiting = status.Tone == StatusTone.Waiting && status.Word == "Waiting" ? waiting : null,
            Failure = status.Tone == StatusTone.Failed ? FailureView.Of(machine, host, stage) : null,
            Message = told!.Transitioning is "yes" or "error" ? told.TransitioningMessage : null,
            Placement = machine?.Object("placement") is { } p ? First(Text(p, "hostname"), Text(p, "agentId")) : null,
            Network = machine?.Text("network"),
            NetworkReason = machine?.Text("networkReason"),
            Accelerator = machine?.Text("accelerator"),
            AcceleratorReason = machine?.Text("acceleratorReason"),
            Way = machine?.Text("way"),
            WayReason = machine?.Text("wayReason"),
            ReadySeconds = machine?.Number("readySeconds"),
            Protected = machine?.Json["protected"] is JsonValue kept && kept.GetValueKind() == JsonValueKind.True,
            DeleteAt = machine?.Time("deleteAt"),
            Snapshots = [.. (machine?.Array("snapshots") ?? []).OfType<JsonObject>().Select(SnapshotView.Of).OfType<SnapshotView>()],
            Limits = LimitsView.Of(machine?.Object("limits")),
            Trouble = machine is { State: "active" or "stopped", Transitioning: "error" } ? machine.TransitioningMessage : null,
            Offers = (machine?.Object("actions") ?? []).Select(a => a.Key).ToHashSet(StringComparer.Ordinal),
            Load = host?.Object("load") is { } load ? Read(() => load.Deserialize(AgentJson.Default.HostLoad)) : null,
            Facts = host is null ? null : HostFactsReader.Of(host),
            Address = First(host?.Text("agentIpAddress"), host?.Object("facts") is { } facts ? Text(facts, "address") : null),
        };
    }

    internal static string? Text(JsonObject json, string field) =>
        json[field] is JsonValue value && value.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : null;

    internal static string? First(params ReadOnlySpan<string?> texts)
    {
        foreach (var text in texts)
        {
            if (!string.IsNullOrWhiteSpace(text))
            {
                return text;
            }
        }

        return null;
    }

    /// <summary>A part that is not in the form we know must not hide the host.</summary>
    internal static T? Read<T>(Func<T?> read)
        where T : class
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            return null;
        }
    }

    private static IReadOnlyList<StageRecord> Stagelist(CattleResource machine) =>
        machine.Array("stages") is { } stages ? Read(() => stages.Deserialize(MachineJson.Default.IReadOnlyListStageRecord)) ?? [] : [];
}

internal sealed record ViewSources(CattleResource? Machine, CattleResource? Host);

/// <summary>The disk as it was.</summary>
public sealed record SnapshotView(string Name, DateTimeOffset? Created)
{
    internal static SnapshotView? Of(JsonObject json) => HostView.Text(json, "name") is { } name ? new(name, new CattleResource(json).Time("created")) : null;
}

/// <summary>What limits a machine's disks and its network, per second; null: nothing.</summary>
public sealed record LimitsView(ByteSize? DiskBytes, long? DiskOperations)
{
    /// <summary>Each way.</summary>
    public ByteSize? NetworkBytes { get; init; }

    internal static LimitsView Of(JsonObject? json) => new(
        json is not null && new CattleResource(json).Number("diskBytes") is { } bytes ? new ByteSize((long)bytes) : null,
        json is not null && new CattleResource(json).Number("diskOperations") is { } operations ? (long)operations : null)
    {
        NetworkBytes = json is not null && new CattleResource(json).Number("networkBytes") is { } network ? new ByteSize((long)network) : null,
    };
}

/// <summary>Why a request waits.</summary>
/// <param name="Suggestion">The smallest change that would help.</param>
/// <param name="Ahead">Requests that come first.</param>
public sealed record WaitingView(string Reason, string? Suggestion, int? Ahead)
{
    internal static WaitingView? Of(JsonObject json) =>
        HostView.Text(json, "reason") is { Length: > 0 } reason
            ? new(reason, HostView.Text(json, "suggestion"), (int?)new CattleResource(json).Number("ahead"))
            : null;
}

/// <summary>What went wrong, where, and what the machine said last.</summary>
public sealed record FailureView(string? Stage, string Cause, IReadOnlyList<string> Console)
{
    internal static FailureView Of(CattleResource? machine, CattleResource? host, string? stage)
    {
        var failure = machine?.Object("failure");
        var console = failure?["console"] is JsonArray lines
            ? lines.OfType<JsonValue>().Where(l => l.GetValueKind() == JsonValueKind.String).Select(l => l.GetValue<string>()).ToList()
            : [];
        var cause = HostView.First(failure is null ? null : HostView.Text(failure, "cause"), machine?.TransitioningMessage, host?.TransitioningMessage, "The server gave no cause.");
        return new FailureView(HostView.First(failure is null ? null : HostView.Text(failure, "stage"), stage), cause!, console);
    }
}

/// <summary>What was asked for.</summary>
public sealed record MachineSpec
{
    public double? Cpus { get; init; }

    public ByteSize? Memory { get; init; }

    public ByteSize? Disk { get; init; }

    public string? Image { get; init; }

    public string? Network { get; init; }

    /// <summary>A name of <see cref="MachineDisplay"/>; null for the standard one.</summary>
    public string? Display { get; init; }

    public IReadOnlyList<string> Constraints { get; init; } = [];

    internal static MachineSpec Of(JsonObject config)
    {
        var resource = new CattleResource(config);
        return new MachineSpec
        {
            Cpus = resource.Number("cpus"),
            Memory = ByteSize.TryParse(resource.Text("memory"), out var memory) ? memory : null,
            Disk = ByteSize.TryParse(resource.Text("disk"), out var disk) ? disk : null,
            Image = resource.Text("image"),
            Network = resource.Text("network"),
            Display = resource.Text("display"),
            Constraints = resource.Array("constraints")?.OfType<JsonValue>().Where(c => c.GetValueKind() == JsonValueKind.String).Select(c => c.GetValue<string>()).ToList() ?? [],
        };
    }
}
