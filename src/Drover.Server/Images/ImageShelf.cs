using System.Security.Cryptography;
using System.Text.Json;
using Drover.Api.Machines;

namespace Drover.Server.Images;

/// <summary>The folder of images as it is: those that are there, and those that are being added. The folder is the only truth.</summary>
/// <remarks>
/// <c>NAME/</c> is an image (see <see cref="ImageFolder"/>). <c>.add-NAME/</c> holds one being added: <c>request.json</c>, the file <c>content</c> as it
/// arrives, and <c>image/</c> that becomes <c>NAME/</c> by one renaming. <c>.gone-*</c> is being removed. Requests are written whole or not at all.
/// </remarks>
internal sealed class ImageShelf(ServerOptions options)
{
    private const string AddPrefix = ".add-";
    private const string GonePrefix = ".gone-";
    private const string RequestFile = "request.json";

    /// <summary>Null when this server keeps no images.</summary>
    public string? Root => options.ImagesDirectory;

    public string FolderOf(string name) => Path.Combine(Root!, name);

    /// <summary>Where an image that is being added has its files.</summary>
    public string AddFolderOf(string name) => Path.Combine(Root!, AddPrefix + name);

    public string ContentOf(string name) => Path.Combine(AddFolderOf(name), "content");

    /// <summary>The image's folder before it gets its place.</summary>
    public string FreshOf(string name) => Path.Combine(AddFolderOf(name), "image");

    /// <summary>All images, those that are being added after the others.</summary>
    public IReadOnlyList<ImageEntry> List()
    {
        if (Root is null)
        {
            return [];
        }

        // In this order: a request that ends in between is an image by then.
        var requests = Requests().ToList();
        var images = ImageFolder.All(Root).Select(Read).OfType<ImageEntry>().ToList();
        return [.. images, .. requests.Where(r => images.TrueForAll(image => image.Name != r.Name)).Select(OfRequest)];
    }

    public ImageEntry? Find(string name) =>
        // Once more at the end: between the first two looks it may have gone from the one place to the other.
        Root is null || !ImageFolder.IsName(name) ? null : Read(name) ?? (ReadRequest(name) is { } request ? OfRequest(request) : Read(name));

    public bool IsThere(string name) => File.Exists(Path.Combine(FolderOf(name), ImageFolder.Manifest));

    public IEnumerable<ImageRequest> Requests() => Root is null || !Directory.Exists(Root) ? [] :
        Directory.EnumerateDirectories(Root, AddPrefix + "*").Order(StringComparer.Ordinal).Select(path => ReadRequest(Path.GetFileName(path)[AddPrefix.Length..])).OfType<ImageRequest>();

    public ImageRequest? ReadRequest(string name)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(Path.Combine(AddFolderOf(name), RequestFile)), ImageRequestJson.Default.ImageRequest);
        }
        catch (Exception e) when (e is IOException or JsonException)
        {
            return null;
        }
    }

    public void WriteRequest(ImageRequest request)
    {
        options.Reached?.Invoke("image.request:before");
        var path = Path.Combine(Directory.CreateDirectory(AddFolderOf(request.Name)).FullName, RequestFile);
        File.WriteAllBytes(path + ".new", JsonSerializer.SerializeToUtf8Bytes(request, ImageRequestJson.Default.ImageRequest));
        File.Move(path + ".new", path, overwrite: true);
        options.Reached?.Invoke("image.request:after");
    }

    /// <summary>Tells a test that a step of an intake is done; it may kill the server there.</summary>
    public void Reached(string step) => options.Reached?.Invoke($"image.{step}:after");

    /// <summary>Takes the image or what was fetched of it away: out of sight in one step, then off the disk.</summary>
    public void Remove(string name)
    {
        foreach (var path in new[] { FolderOf(name), AddFolderOf(name) }.Where(Directory.Exists))
        {
            Directory.Move(path, Path.Combine(Root!, GonePrefix + Guid.NewGuid().ToString("N")));
        }

        Sweep();
    }

    /// <summary>Deletes what a killed server left half removed.</summary>
    public void Sweep()
    {
        foreach (var path in Root is not null && Directory.Exists(Root) ? Directory.EnumerateDirectories(Root, GonePrefix + "*") : [])
        {
            Directory.Delete(path, recursive: true);
        }
    }

    /// <summary>Compares every file with the manifest and marks the image accordingly.</summary>
    /// <returns>Null when all is as it should be, else what is not.</returns>
    public async Task<string?> VerifyAsync(ImageEntry image, CancellationToken cancellationToken)
    {
        var problem = await ProblemAsync(image, cancellationToken);
        var mark = Path.Combine(FolderOf(image.Name), ImageFolder.Broken);
        if (problem is null)
        {
            File.Delete(mark);
        }
        else
        {
            await File.WriteAllTextAsync(mark, problem, cancellationToken);
        }

        return problem;
    }

    public static async Task<string> DigestAsync(string path, CancellationToken cancellationToken)
    {
        await using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 20, FileOptions.Asynchronous | FileOptions.SequentialScan);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, cancellationToken));
    }

    private async Task<string?> ProblemAsync(ImageEntry image, CancellationToken cancellationToken)
    {
        foreach (var file in image.Manifest?.Files ?? [])
        {
            var path = Path.Combine(FolderOf(image.Name), Path.GetFileName(file.Name));
            if (!File.Exists(path))
            {
                return $"{file.Name} is missing.";
            }

            var found = await DigestAsync(path, cancellationToken);
            if (found != file.Sha256)
            {
                return $"{file.Name} has changed: its SHA-256 is {found} instead of {file.Sha256}.";
            }

            if (file.Role == "disk" && DiskOf(path).Refusal is { } why)
            {
                return $"{file.Name} cannot be used: {why}.";
            }
        }

        return image.Manifest is null ? $"{ImageFolder.Manifest} cannot be read." : null;
    }

    private ImageEntry? Read(string name)
    {
        var folder = FolderOf(name);
        try
        {
            var bytes = File.ReadAllBytes(Path.Combine(folder, ImageFolder.Manifest));
            var mark = Path.Combine(folder, ImageFolder.Broken);
            var broken = File.Exists(mark) ? File.ReadAllText(mark) : null;
            var manifest = Parse(bytes);
            return new ImageEntry
            {
                Name = name,
                State = broken is not null || manifest is null ? ImageState.Broken : ImageState.Active,
                Message = manifest is null ? $"{ImageFolder.Manifest} cannot be read." : broken,
                Digest = Convert.ToHexStringLower(SHA256.HashData(bytes)),
                Manifest = manifest,
                VirtualBytes = manifest?.Files.FirstOrDefault(file => file.Role == "disk") is { } disk ? DiskOf(Path.Combine(folder, Path.GetFileName(disk.Name))).VirtualBytes : null,
            };
        }
        catch (IOException)
        {
            // Removed or replaced at this moment, or never there.
            return null;
        }
    }

    /// <summary>What the file's beginning says; of a file that is not there, that it is no disk.</summary>
    public static DiskFormat DiskOf(string path)
    {
        if (!File.Exists(path))
        {
            return DiskFormat.Of([]);
        }

        using var file = File.OpenHandle(path);
        var head = new byte[DiskFormat.HeadBytes];
        return DiskFormat.Of(head.AsSpan(0, RandomAccess.Read(file, head, 0)));
    }

    private ImageEntry OfRequest(ImageRequest request)
    {
        var content = new FileInfo(ContentOf(request.Name));
        return new ImageEntry { Name = request.Name, State = request.State, Message = request.Problem, Request = request, FetchedBytes = content.Exists ? content.Length : 0 };
    }

    private static ImageManifest? Parse(byte[] bytes)
    {
        try
        {
            return JsonSerializer.Deserialize(bytes, MachineJson.Default.ImageManifest);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

/// <summary>One image as it stands: there (with its manifest), or being added (with its request).</summary>
internal sealed record ImageEntry
{
    public required string Name { get; init; }

    public required ImageState State { get; init; }

    /// <summary>Why it is broken or failed.</summary>
    public string? Message { get; init; }

    /// <summary>SHA-256 of the manifest.</summary>
    public string? Digest { get; init; }

    public ImageManifest? Manifest { get; init; }

    /// <summary>The size that a guest sees.</summary>
    public long? VirtualBytes { get; init; }

    public ImageRequest? Request { get; init; }

    public long FetchedBytes { get; init; }
}
