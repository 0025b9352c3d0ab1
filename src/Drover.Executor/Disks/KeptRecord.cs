using System.Text.Json;
using System.Text.Json.Serialization;
using Drover.Api.Machines;
using Drover.Executor.Machines;

namespace Drover.Executor.Disks;

/// <summary><c>STATE/disks/EXTERNALID/kept.json</c>: whose disks these are, and what is being done with them. No secrets.</summary>
internal sealed record KeptRecord
{
    internal const string FileName = "kept.json";

    public required string ExternalId { get; init; }

    public required string MachineId { get; init; }

    public required string Name { get; init; }

    /// <summary>Who puts them here, has put them here, or has taken them.</summary>
    public required string TaskId { get; init; }

    /// <summary>A name of <see cref="KeptState"/>.</summary>
    public required string State { get; init; }

    /// <summary>The image beneath the disk, with everything that a boot from it needs to know.</summary>
    public GuestImage? Image { get; init; }

    /// <summary>The machine whose disk was copied; null for a machine's own.</summary>
    public string? CopyOf { get; init; }

    public required DateTimeOffset Since { get; init; }

    /// <summary>How a machine comes up that takes them.</summary>
    [JsonIgnore]
    internal StartChoice Start => new(
        StartWay.Cold,
        CopyOf is { } source ? $"It boots from its copy of the disk of '{source}'." : "It boots from its own disk: it has moved to another task.",
        null,
        TemplateState.Off);
}

internal static class KeptState
{
    /// <summary>Intent: the task is about to end, and its disks, still in its sandbox, are to be kept. If it dies, whoever clears up after it does it.</summary>
    internal const string Keeping = "keeping";

    /// <summary>Intent: a copy is being made; worth nothing until it is whole.</summary>
    internal const string Copying = "copying";

    /// <summary>Whole, and waiting for the machine's next task.</summary>
    internal const string Kept = "kept";

    /// <summary>The next task has them too. Should it die before it says that they are its own, another one takes them again.</summary>
    internal const string Taken = "taken";
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, WriteIndented = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(KeptRecord))]
internal sealed partial class KeptJson : JsonSerializerContext;
