using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Drover.Api.Machines;

namespace Drover.Scheduler.Artifacts;

/// <summary>The programs and guest images that agent machines fetch from this scheduler, found by content.</summary>
/// <remarks>Every file is checked when it is named: against its manifest for images, by its own digest for programs. A file that changed
/// since is no longer served under the old digest.</remarks>
internal sealed class ArtifactCatalog(SchedulerOptions options)
{
    public const string RoutePrefix = "artifacts/sha256";
    public const string Executor = "drover-executor";
    public const string Agent = "drover-agent";
    public const string DefaultImage = "drover";
    private const string Simulated = "simulated";

    private readonly FileDigests _digests = new();

    /// <summary>By digest and name: files of the same content may have several names.</summary>
    private readonly ConcurrentDictionary<(string Sha256, string Name), Artifact> _known = new();

    /// <summary>What an executor needs in its sandbox, itself first.</summary>
    /// <exception cref="ArtifactException">A program is missing.</exception>
    public async Task<IReadOnlyList<Artifact>> ProgramsAsync()
    {
        string[] names = options.Accelerator == Simulated ? [Executor, Agent] : [Executor];
        var programs = new List<Artifact>();
        foreach (var name in names)
        {
            programs.Add(await AddAsync(name, Path.Combine(options.ProgramsDirectory, name), null));
        }

        return programs;
    }

    /// <summary>An image by name, each file with the URL where an agent gets it.</summary>
    /// <exception cref="ArtifactException">There is no such image, or its files are not what its manifest says.</exception>
    public async Task<GuestImage> ImageAsync(string name)
    {
        var folder = Path.Combine(options.ImagesDirectory, name);
        if (options.Accelerator == Simulated && name == DefaultImage)
        {
            return new GuestImage { Name = name, Digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Simulated))), Files = [] };
        }

        var manifestPath = Path.Combine(folder, ImageFolder.Manifest);
        if (!ImageFolder.IsName(name) || !File.Exists(manifestPath))
        {
            throw new ArtifactException($"There is no image '{name}'. Known images: {Known()}.");
        }

        if (File.Exists(Path.Combine(folder, ImageFolder.Broken)))
        {
            throw new ArtifactException($"The image '{name}' is broken: a verification found that its files have changed. Add or build it again.");
        }

        var bytes = await File.ReadAllBytesAsync(manifestPath);
        var manifest = Parse(bytes, manifestPath);
        var files = new List<ImageFile>();
        foreach (var file in manifest.Files)
        {
            var artifact = await AddAsync(file.Name, Path.Combine(folder, Path.GetFileName(file.Name)), file.Sha256);
            files.Add(file with { Url = artifact.Url });
        }

        return new GuestImage
        {
            Name = name,
            Digest = Convert.ToHexStringLower(SHA256.HashData(bytes)),
            Files = options.Accelerator == Simulated ? [] : files,
            KernelArguments = manifest.KernelArguments,
            Kind = manifest.Kind,
            Agent = ImageKind.IsForeign(manifest.Kind) ? await AgentAsync() : null,
            Probe = ImageKind.IsForeign(manifest.Kind) && name != DefaultImage && options.Accelerator is "auto" or "kvm" ? await ProbeAsync() : null,
        };
    }

    /// <summary>What the guest of a foreign image fetches itself.</summary>
    private async Task<ImageFile> AgentAsync()
    {
        var agent = await AddAsync(Agent, Path.Combine(options.ProgramsDirectory, Agent), null);
        return new ImageFile { Role = "agent", Name = agent.Name, Sha256 = agent.Sha256, Size = agent.Size, Url = agent.Url };
    }

    /// <summary>Kernel and initrd of our own image, with which an executor of a foreign one tries KVM; null without such an image.</summary>
    private async Task<GuestImage?> ProbeAsync()
    {
        try
        {
            var ours = await ImageAsync(DefaultImage);
            ImageFile[] files = [.. ours.Files.Where(file => file.Role is "kernel" or "initrd")];
            return ImageKind.IsForeign(ours.Kind) || files.Length != 2
                ? null
                : new GuestImage { Name = $"{DefaultImage} (kernel only)", Digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(files[0].Sha256 + files[1].Sha256))), Files = files };
        }
        catch (ArtifactException)
        {
            return null;
        }
    }

    /// <summary>The file of this digest, if it is still what it was; null when there is none.</summary>
    public async Task<Artifact?> FindAsync(string sha256, string name)
    {
        if (await UnchangedAsync(sha256, name) is { } artifact)
        {
            return artifact;
        }

        // Unknown after a restart, or one of several places of the same file has changed.
        await ScanAsync();
        return await UnchangedAsync(sha256, name);
    }

    private async Task<Artifact?> UnchangedAsync(string sha256, string name)
    {
        try
        {
            return _known.TryGetValue((sha256, name), out var artifact) && await _digests.OfAsync(artifact.Path) == sha256 ? artifact : null;
        }
        catch (ArtifactException)
        {
            return null;
        }
    }

    /// <summary>Reads and hashes everything there is, so that the first launch need not wait for it.</summary>
    public async Task ScanAsync()
    {
        var all = new List<Func<Task>> { ProgramsAsync };
        all.AddRange(ImageFolder.Usable(options.ImagesDirectory).Select(name => (Func<Task>)(() => ImageAsync(name))));
        foreach (var one in all)
        {
            try
            {
                await one();
            }
            catch (ArtifactException)
            {
                // Told to whoever asks for that program or image.
            }
        }
    }

    private async Task<Artifact> AddAsync(string name, string path, string? expected)
    {
        var digest = await _digests.OfAsync(path);
        if (expected is not null && digest != expected)
        {
            throw new ArtifactException($"{path} is not the file that its manifest names (SHA-256 {digest}, expected {expected}). Build the image again.");
        }

        var url = new Uri(options.ArtifactBase, $"/{RoutePrefix}/{digest}/{Uri.EscapeDataString(name)}");
        return _known[(digest, name)] = new Artifact(name, Path.GetFullPath(path), digest, new FileInfo(path).Length, url.AbsoluteUri);
    }

    private static ImageManifest Parse(byte[] bytes, string path)
    {
        try
        {
            return JsonSerializer.Deserialize(bytes, MachineJson.Default.ImageManifest) ?? throw new ArtifactException($"{path} is empty.");
        }
        catch (JsonException e)
        {
            throw new ArtifactException($"{path} is no image manifest: {e.Message}");
        }
    }

    private string Known() => string.Join(", ", ImageFolder.Usable(options.ImagesDirectory)) is { Length: > 0 } names ? names : $"none in {options.ImagesDirectory}";
}
