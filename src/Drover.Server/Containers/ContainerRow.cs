using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Docker.DotNet.Models;
using Drover.Server.Containers.Orders;
using Drover.Server.Storage;

namespace Drover.Server.Containers;

/// <summary>A container as its host's Docker told it, or one that is being made. In memory only: Docker is the truth.</summary>
internal sealed partial class ContainerRow : ResourceRow
{
    public required long HostId { get; init; }

    /// <summary>Docker's id, 64 hex digits; empty while Docker has none.</summary>
    public required string DockerId { get; init; }

    public required string Image { get; init; }

    /// <summary>The image's own id, <c>sha256:…</c>; empty while there is no container.</summary>
    public string ImageId { get; init; } = "";

    /// <summary>Docker's own word: <c>running</c>, <c>exited</c>, …</summary>
    public required string DockerState { get; init; }

    /// <summary>Docker's sentence when it was told: <c>Exited (3) 2 minutes ago</c>.</summary>
    public required string Status { get; init; }

    public DateTimeOffset ToldAt { get; set; }

    public required string Command { get; init; }

    public required IReadOnlyDictionary<string, string> Labels { get; init; }

    /// <summary><c>8080:80/tcp</c>.</summary>
    public required IReadOnlyList<string> Ports { get; init; }

    public string? Address { get; init; }

    /// <summary>What its main process ended with; null while it runs or never did.</summary>
    public int? ExitCode => Exited().Match(Status) is { Success: true } match && int.TryParse(match.Groups["code"].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var code) ? code : null;

    /// <summary>How far its image's pull is; null where none goes on.</summary>
    public JsonObject? Pull { get; private set; }

    /// <summary>It was asked for here, and is being made or could not be.</summary>
    public bool IsOrdered { get; private set; }

    public static ContainerRow Of(ContainerListResponse told, long hostId, long? accountId)
    {
        var name = told.Names?.FirstOrDefault(n => n.LastIndexOf('/') == 0) ?? told.Names?.FirstOrDefault();
        var uuid = told.Labels is not null && told.Labels.TryGetValue(ContainerLabels.Uuid, out var label) && Guid.TryParse(label, out _) ? label : null;
        return new ContainerRow
        {
            Id = ContainerId.Of(hostId, uuid ?? told.ID),
            HostId = hostId,
            AccountId = accountId,
            DockerId = told.ID,
            Uuid = uuid ?? told.ID,
            Kind = "container",
            Name = name?.TrimStart('/') ?? told.ID[..12],
            State = ContainerStates.Of(told.State),
            DockerState = told.State,
            Status = told.Status ?? "",
            Image = told.Image ?? "",
            ImageId = told.ImageID ?? "",
            Command = told.Command ?? "",
            Created = new DateTimeOffset(told.Created.ToUniversalTime(), TimeSpan.Zero),
            Labels = new Dictionary<string, string>(told.Labels ?? new Dictionary<string, string>(), StringComparer.Ordinal),
            Ports = [.. (told.Ports ?? []).Select(Text).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)],
            Address = told.NetworkSettings?.Networks?.Values.Select(network => network.IPAddress).FirstOrDefault(address => address is { Length: > 0 }),
        };
    }

    public static ContainerRow Of(ContainerOrderRow order) => new()
    {
        Id = ContainerId.Of(order.HostId, order.Uuid),
        HostId = order.HostId,
        AccountId = order.AccountId,
        DockerId = "",
        Uuid = order.Uuid,
        Kind = "container",
        Name = order.Name,
        State = order.Failure is null ? "creating" : "error",
        TransitioningError = order.Failure is not null,
        TransitioningMessage = order.Failure,
        DockerState = "",
        Status = "",
        Image = ContainerFields.ImageOf(order.Spec).ToString(),
        Command = string.Join(' ', ContainerFields.TextsOf(order.Spec, "command")),
        Created = order.Created,
        Labels = ContainerFields.MapOf(order.Spec, "labels").ToDictionary(StringComparer.Ordinal),
        Ports = [.. ContainerFields.TextsOf(order.Spec, "ports")],
        IsOrdered = true,
    };

    /// <summary>An order at another step.</summary>
    public ContainerRow At(string state, string message, int? percent = null, JsonObject? pull = null)
    {
        var other = (ContainerRow)MemberwiseClone();
        (other.State, other.TransitioningMessage, other.TransitioningProgress, other.TransitioningError, other.Pull) = (state, message, percent, state == "error", pull);
        return other;
    }

    /// <summary>The same container, as long as its order goes on.</summary>
    public ContainerRow Under(ContainerRow order)
    {
        var other = At(order.State, order.TransitioningMessage ?? "", order.TransitioningProgress, order.Pull);
        other.IsOrdered = true;
        return other;
    }

    /// <summary>With a number by Docker's id: where another container carries the label that this one has, as copies made from a container's image do.</summary>
    public ContainerRow WithOwnId()
    {
        var other = (ContainerRow)MemberwiseClone();
        (other.Id, other.Uuid) = (ContainerId.Of(HostId, DockerId), DockerId);
        return other;
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

    [GeneratedRegex(@"^Exited \((?<code>[0-9]{1,9})\)", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Exited();

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
