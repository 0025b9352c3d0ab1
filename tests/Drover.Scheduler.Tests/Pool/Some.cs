using Drover.Scheduler.Placement;
using Drover.Scheduler.Pool;
using Drover.Scheduler.Requests;

namespace Drover.Scheduler.Tests.Pool;

/// <summary>Members of a pool for tests.</summary>
internal static class Some
{
    public static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static PoolClass Size(int memory = 1, string digest = "d", int disk = 10) => new("drover", digest, Amounts.Unit, (long)memory << 30, (long)disk << 30, "user");

    public static TaskPlacement Agent(string id = "a1") => new() { AgentId = id, Hostname = $"host-{id}" };

    public static PoolMember Spare(PoolState state = PoolState.Ready, PoolClass? of = null, string agent = "a1", int age = 0) => Member(PoolKind.Spare, state, of, agent, age);

    public static PoolMember Template(PoolState state = PoolState.Ready, PoolClass? of = null, string agent = "a1", int age = 0) => Member(PoolKind.Template, state, of, agent, age);

    public static Place Place(string agent, double cpus, double memory) => new()
    {
        AgentId = agent,
        Hostname = $"host-{agent}",
        Attributes = new Dictionary<string, string>(StringComparer.Ordinal) { ["hostname"] = $"host-{agent}" },
        Free = Amounts.Of(cpus, memory, 100_000),
    };

    public static PlacementNeed Need(string id, double cpus, double memory, params string[] constraints) =>
        new(id, "1a5", Amounts.Of(cpus, memory, 1000), [.. constraints.Select(c => PlacementConstraint.TryParse(c, out _)!)]);

    private static PoolMember Member(PoolKind kind, PoolState state, PoolClass? of, string agent, int age) =>
        PoolMember.Planned(kind, of ?? Size(), Agent(agent), Now - TimeSpan.FromMinutes(age), "") with { State = state, Attempt = 1 };
}
