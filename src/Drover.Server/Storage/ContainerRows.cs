using System.ComponentModel.DataAnnotations;
using System.Text.Json.Nodes;

namespace Drover.Server.Storage;

/// <summary>A container that was asked for and is not there yet, or could not be made. Once Docker has started it, Docker is the truth and the row is deleted.</summary>
internal sealed class ContainerOrderRow : IRow
{
    public long Id { get; set; }

    /// <summary>Becomes a label of the container, by which it is found again.</summary>
    [MaxLength(64)]
    public string Uuid { get; set; } = "";

    public long? AccountId { get; set; }

    public long HostId { get; set; }

    [MaxLength(255)]
    public string Name { get; set; } = "";

    /// <summary>What was asked for, by the names of the API's fields.</summary>
    public JsonObject Spec { get; set; } = [];

    public DateTimeOffset Created { get; set; }

    /// <summary>Why it could not be made; null while it is being made.</summary>
    [MaxLength(2048)]
    public string? Failure { get; set; }
}
