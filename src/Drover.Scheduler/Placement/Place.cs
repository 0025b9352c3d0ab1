namespace Drover.Scheduler.Placement;

/// <summary>What one agent offers to one role now: all its offers of a batch pooled, because Mesos accepts them together.</summary>
internal sealed record Place
{
    public required string AgentId { get; init; }

    public string Role { get; init; } = "*";

    public required string Hostname { get; init; }

    /// <summary>The agent's attributes as text, with <c>hostname</c> among them.</summary>
    public required IReadOnlyDictionary<string, string> Attributes { get; init; }

    public required Amounts Free { get; init; }

    public string? Attribute(string name) => Attributes.GetValueOrDefault(name);
}

/// <summary>What a waiting machine needs.</summary>
/// <param name="MachineId">Resource id on the server.</param>
/// <param name="EnvironmentId">The scope of UNIQUE and GROUP_BY.</param>
/// <param name="Amounts">Everything that its task and executor take.</param>
internal sealed record PlacementNeed(string MachineId, string EnvironmentId, Amounts Amounts, IReadOnlyList<PlacementConstraint> Constraints)
{
    public bool IsDynamic => Constraints.Any(c => c.IsDynamic);

    /// <summary>Needs with the same key may use the same places.</summary>
    public string CandidateKey => (IsDynamic ? EnvironmentId : "") + '\n' + string.Join('\n', Constraints);
}

/// <summary>A machine that has its place already.</summary>
internal sealed record PlacedMachine(string EnvironmentId, string AgentId, IReadOnlyDictionary<string, string> Attributes);

/// <summary>A decision: this machine at that place (its number in the list of places).</summary>
internal readonly record struct Assignment(PlacementNeed Need, int Place);
