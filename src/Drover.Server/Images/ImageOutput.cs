using System.Globalization;
using System.Text.Json.Nodes;
using Drover.Api;
using Drover.Api.Machines;
using Drover.Server.Api.Output;

namespace Drover.Server.Images;

/// <summary>An image as the API shows it.</summary>
internal static class ImageOutput
{
    public static string StateOf(ImageEntry image) => image.State.ToString().ToLowerInvariant();

    public static JsonObject Write(ImageEntry image, ImageUsers use)
    {
        var (manifest, request) = (image.Manifest, image.Request);
        return new JsonObject
        {
            ["id"] = image.Name,
            ["type"] = "hostImage",
            ["baseType"] = "hostImage",
            ["name"] = image.Name,
            ["state"] = StateOf(image),
            ["kind"] = manifest?.Kind ?? request?.Kind,
            ["boot"] = (manifest?.Kind ?? request?.Kind) switch { ImageKind.Bios => "bios", ImageKind.Uefi => "uefi", _ => null },
            ["format"] = manifest is null ? null : DiskFormat.Qcow2,
            ["size"] = manifest?.Files.Sum(file => file.Size) ?? request?.TotalBytes ?? image.FetchedBytes,
            ["virtualSize"] = image.VirtualBytes,
            ["digest"] = image.Digest,
            ["sha256"] = request?.Found ?? request?.Sha256 ?? (manifest is { } m && ImageKind.IsForeign(m.Kind) ? m.Inputs : null),
            ["source"] = request?.Source ?? manifest?.Source,
            ["created"] = (manifest?.Created ?? request?.Created) is { } created ? Dates.Text(created) : null,
            ["machines"] = Texts(use.MachinesOf(image.Name)),
            ["cachedOn"] = Texts(image.Digest is { } digest ? use.CachesOf(digest) : []),
            ["transitioning"] = image.State is ImageState.Failed or ImageState.Broken ? "error" : ImageLifecycle.IsMoving(image.State) || image.State == ImageState.Unconfirmed ? "yes" : "no",
            ["transitioningMessage"] = image.Message ?? Sentence(image),
            ["transitioningProgress"] = image.State == ImageState.Fetching && request?.TotalBytes is > 0 and { } total ? (int)(image.FetchedBytes * 100 / total) : null,
        };
    }

    private static string? Sentence(ImageEntry image) => image.State switch
    {
        ImageState.Fetching when image.Request!.Url is null => image.FetchedBytes == 0 ? "It waits for its file." : $"{Size(image.FetchedBytes)} have come.",
        ImageState.Fetching when image.Request!.TotalBytes is { } total => $"{Size(image.FetchedBytes)} of {Size(total)} are fetched.",
        ImageState.Fetching => $"{Size(image.FetchedBytes)} are fetched.",
        ImageState.Checking => "The file is checked.",
        ImageState.Unconfirmed => string.Create(CultureInfo.InvariantCulture, $"The file has the SHA-256 {image.Request!.Found}. Compare it with what its publisher says, then confirm it."),
        ImageState.Publishing => "The image gets its place.",
        _ => null,
    };

    private static string Size(long bytes) => new ByteSize(bytes).ToDisplayString();

    private static JsonArray Texts(IReadOnlyList<string> texts) => [.. texts.Select(text => (JsonNode)text)];
}
