using System.Formats.Tar;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace Drover.Scenarios.Tests;

/// <summary>Writes a container image of one layer as <c>docker save</c> does (Docker Image Specification 1.2: manifest, configuration, layer).</summary>
internal static class SavedImage
{
    public static async Task WriteAsync(string path, string folder, string tag, CancellationToken cancellationToken)
    {
        var layer = path + ".layer";
        await TarFile.CreateFromDirectoryAsync(folder, layer, includeBaseDirectory: false, cancellationToken);
        string digest;
        await using (var stream = File.OpenRead(layer))
        {
            digest = Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, cancellationToken));
        }

        var configuration = new JsonObject
        {
            ["architecture"] = "amd64",
            ["os"] = "linux",
            ["config"] = new JsonObject(),
            ["rootfs"] = new JsonObject { ["type"] = "layers", ["diff_ids"] = new JsonArray($"sha256:{digest}") },
        };
        var manifest = new JsonArray(new JsonObject { ["Config"] = "config.json", ["RepoTags"] = new JsonArray(tag), ["Layers"] = new JsonArray("layer.tar") });
        await using var writer = new TarWriter(File.Create(path));
        await AddAsync(writer, "config.json", configuration, cancellationToken);
        await AddAsync(writer, "manifest.json", manifest, cancellationToken);
        await writer.WriteEntryAsync(layer, "layer.tar", cancellationToken);
        File.Delete(layer);
    }

    private static async Task AddAsync(TarWriter writer, string name, JsonNode content, CancellationToken cancellationToken)
    {
        using var bytes = new MemoryStream(Encoding.UTF8.GetBytes(content.ToJsonString()));
        await writer.WriteEntryAsync(new PaxTarEntry(TarEntryType.RegularFile, name) { DataStream = bytes }, cancellationToken);
    }
}
