using System.Text.Json.Serialization;

namespace Drover.Executor.Templates;

/// <summary><c>template.json</c>: what a template is and how its files looked when it was published.</summary>
internal sealed record TemplateManifest
{
    internal const string FileName = "template.json";

    public required TemplateFacts Facts { get; init; }

    /// <summary>The disk as the guest in it knows it. A copy may have this or more.</summary>
    public required long DiskBytes { get; init; }

    public required DateTimeOffset MadeAt { get; init; }

    public required IReadOnlyList<TemplateFile> Files { get; init; }
}

/// <summary>One file of a template.</summary>
/// <param name="Sha256">Of the content; of the memory file, over its data and where that lies (<see cref="SparseCopy"/>).</param>
internal sealed record TemplateFile(string Name, long Size, DateTime ModifiedAt, string Sha256);

[JsonSourceGenerationOptions(System.Text.Json.JsonSerializerDefaults.Web, WriteIndented = true)]
[JsonSerializable(typeof(TemplateManifest))]
internal sealed partial class TemplateJson : JsonSerializerContext;
