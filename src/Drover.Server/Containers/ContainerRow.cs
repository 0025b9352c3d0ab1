using Docker.DotNet.Models;
using Drover.Server.Storage;

namespace Drover.Server.Containers;

/// <summary>A container as its host's Docker told it. In memory only: Docker is the truth.</summary>
internal sealed class ContainerRow : ResourceRow
{
    public required long HostId { get; init; }

    /// <summary>Docker's id, 64 hex digits.</summary>
    public required string DockerId { get; init; }

    public required string Image { get; init; }

    /// <summary>Docker's own word: <c>running</c>, <c>exited</c>, …</summary>
    public required string DockerState { get; init; }

    /// <summary>Docker's sentence: <c>Exited (3) 2 minutes ago</c>.</summary>
    public required string Status { get; init; }

    public required string Command { get; init; }

    public required IReadOnlyDictionary<string, string> Labels { get; init; }

    /// <summary><c>8080:80/tcp</c>.</summary>
    public required IReadOnlyList<string> Ports { get; init; }

    public string? Address { get; init; }

    public static ContainerRow Of(ContainerListResponse told, long hostId, long? accountId)
    {
        var name = told.Names?.FirstOrDefault(n => n.LastIndexOf('/') == 0) ?? told.Names?.FirstOrDefault();
        return new ContainerRow
        {
            Id = ContainerId.Of(hostId, told.ID),
            HostId = hostId,
            AccountId = accountId,
            DockerId = told.ID,
            Uuid = told.ID,
            Kind = "container",
            Name = name?.TrimStart('/') ?? told.ID[..12],
            State = ContainerStates.Of(told.State),
            DockerState = told.State,
            Status = told.Status ?? "",
            Image = told.Image ?? "",
            Command = told.Command ?? "",
            Created = new DateTimeOffset(told.Created.ToUniversalTime(), TimeSpan.Zero),
            Labels = new Dictionary<string, string>(told.Labels ?? new Dictionary<string, string>(), StringComparer.Ordinal),
            Ports = [.. (told.Ports ?? []).Select(Text).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)],
            Address = told.NetworkSettings?.Networks?.Values.Select(network => network.IPAddress).FirstOrDefault(address => address is { Length: > 0 }),
        };
    }

    /// <summary>The same container in another state.</summary>
    public ContainerRow In(string state, DateTimeOffset? removed)
    {
        var other = (ContainerRow)MemberwiseClone();
        (other.State, other.Removed) = (state, removed);
        return other;
    }

    /// <summary>Whether it looks another way than before; a status that only counts time does not count.</summary>
    public bool Differs(ContainerRow other) =>
        Name != other.Name || State != other.State || DockerState != other.DockerState || Address != other.Address || Image != other.Image
        || !Ports.SequenceEqual(other.Ports, StringComparer.Ordinal) || HealthOf(Status) != HealthOf(other.Status);

    private static string HealthOf(string status) => status.IndexOf('(', StringComparison.Ordinal) is >= 0 and var begin ? status[begin..] : "";

    private static string Text(PortSummary port) => port.PublicPort == 0 ? $"{port.PrivatePort}/{port.Type}" : $"{port.PublicPort}:{port.PrivatePort}/{port.Type}";
}

/// <summary>Docker's states in the words of Cattle's instances (cattle-api §3.1).</summary>
internal static class ContainerStates
{
    public static string Of(string? docker) => docker switch
    {
        "running" => "running",
        "paused" => "paused",
        "restarting" => "restarting",
        "removing" => "removing",
        "dead" => "error",
        _ => "stopped",
    };
}
