using System.Text.Json;
using System.Text.Json.Serialization;

namespace Drover.Server.Images;

/// <summary>An image that is being added: <c>request.json</c> in its own folder, so that it is found again after a restart.</summary>
internal sealed record ImageRequest
{
    public required string Name { get; init; }

    /// <summary>Where the file is fetched from; null for one that a client sends.</summary>
    public string? Url { get; init; }

    /// <summary>What it is called where it comes from: the address, or a client's file name.</summary>
    public required string Source { get; init; }

    /// <summary>The SHA-256 that the file must have; null until a person has confirmed the one that was found.</summary>
    public string? Sha256 { get; init; }

    /// <summary>A name of <c>ImageKind</c>.</summary>
    public required string Kind { get; init; }

    public required DateTimeOffset Created { get; init; }

    public ImageState State { get; init; }

    /// <summary>The SHA-256 of the whole file, once it is there.</summary>
    public string? Found { get; init; }

    /// <summary>Bytes of the whole file, once the source told.</summary>
    public long? TotalBytes { get; init; }

    /// <summary>The source's own mark of the version that is being fetched (ETag), so that a continued download is not two versions in one.</summary>
    public string? Version { get; init; }

    /// <summary>Why it failed.</summary>
    public string? Problem { get; init; }
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, WriteIndented = true, UseStringEnumConverter = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ImageRequest))]
internal sealed partial class ImageRequestJson : JsonSerializerContext;
