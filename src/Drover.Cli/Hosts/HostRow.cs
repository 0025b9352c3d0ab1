using System.Text.Json.Nodes;
using Drover.Api.Cattle;

namespace Drover.Cli.Hosts;

/// <summary>A machine together with the host that came of it, as one thing to a person; either may be missing.</summary>
internal sealed record HostRow(CattleResource? Machine, CattleResource? Host)
{
    /// <summary>The machine's id (<c>1ph7</c>) when there is a machine, else the host's.</summary>
    public string Id => Machine?.Id ?? Host?.Id ?? "";

    public string Name => Machine?.Name ?? Host?.Name ?? Host?.Text("hostname") ?? Id;

    /// <summary>The machine's state until it is active, then the host's.</summary>
    /// <remarks>A machine is active once its host is tied to it. Where that host cannot be seen (yet), it is registering.</remarks>
    public string State => Machine is null ? Host?.State ?? "unknown"
        : Machine.State != "active" ? Machine.State ?? "unknown"
        : Host?.State ?? "registering";

    /// <summary>The server refuses to remove it.</summary>
    public bool IsProtected => Machine?.Json["protected"] is JsonValue value && value.GetValueKind() == System.Text.Json.JsonValueKind.True;

    public bool IsGone => State is "removed" or "purged" or "purging";

    /// <summary>What the machine, or else the host, says of its transition; the reason of a failure.</summary>
    public string? Message => Failure?["cause"] is JsonValue cause ? cause.ToString()
        : Machine is { Transitioning: "yes" or "error" } ? Machine.TransitioningMessage
        : Host is { Transitioning: "yes" or "error" } ? Host.TransitioningMessage
        : null;

    /// <summary>Where and why the machine failed; null when it did not.</summary>
    public JsonObject? Failure => Machine?.Object("failure");

    /// <summary>Why the request waits; null when it does not.</summary>
    public JsonObject? Waiting => Machine is { State: "requested" or "creating" or "resizing" or "resizing-stopped" } ? Machine.Object("waiting") : null;

    public IReadOnlyList<StageView> Stages => StageView.ListOf(Machine?.Array("stages"));

    /// <summary>Joins machines with their hosts, oldest first; hosts without a machine follow.</summary>
    public static IReadOnlyList<HostRow> Join(IEnumerable<CattleResource> machines, IEnumerable<CattleResource> hosts)
    {
        var free = hosts.ToList();
        var rows = new List<HostRow>();
        foreach (var machine in machines.OrderBy(m => m.Time("created") ?? DateTimeOffset.MaxValue).ThenBy(m => m.Id.Length).ThenBy(m => m.Id, StringComparer.Ordinal))
        {
            var host = free.Find(h => IsOf(h, machine));
            if (host is not null)
            {
                free.Remove(host);
            }

            rows.Add(new HostRow(machine, host));
        }

        rows.AddRange(free.Select(h => new HostRow(null, h)));
        return rows;
    }

    private static bool IsOf(CattleResource host, CattleResource machine) =>
        machine.Text("hostId") is { } id ? host.Id == id : host.Text("physicalHostId") == machine.Id;
}
