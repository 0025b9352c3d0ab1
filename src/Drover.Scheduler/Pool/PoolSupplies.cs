using Drover.Api.Machines;
using Drover.Scheduler.Artifacts;

namespace Drover.Scheduler.Pool;

/// <summary>What launching a member of an image takes beyond its record.</summary>
/// <param name="Programs">The programs that the agent machine fetches, the executor first.</param>
internal sealed record PoolSupply(GuestImage Image, IReadOnlyList<Artifact> Programs)
{
    /// <summary>Null when there is no such image or program at present.</summary>
    public static async Task<PoolSupply?> LoadAsync(ArtifactCatalog catalog, string image)
    {
        try
        {
            return new PoolSupply(await catalog.ImageAsync(image), await catalog.ProgramsAsync());
        }
        catch (Exception e) when (e is ArtifactException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}

/// <summary>Images and programs by image name, looked up beside the loop, because files are hashed for it.</summary>
internal sealed class PoolSupplies
{
    private static readonly TimeSpan s_fresh = TimeSpan.FromMinutes(1);

    private readonly Dictionary<string, (PoolSupply? Supply, DateTimeOffset At)> _known = new(StringComparer.Ordinal);

    /// <summary>The images as they are now, by name.</summary>
    public IReadOnlyDictionary<string, string> Digests { get; private set; } = new Dictionary<string, string>(StringComparer.Ordinal);

    public PoolSupply? Find(string image) => _known.TryGetValue(image, out var known) ? known.Supply : null;

    /// <param name="supply">Null: there is no such image at present.</param>
    public void Learn(string image, PoolSupply? supply, DateTimeOffset now)
    {
        _known[image] = (supply, now);
        Digests = _known.Where(k => k.Value.Supply is not null).ToDictionary(k => k.Key, k => k.Value.Supply!.Image.Digest, StringComparer.Ordinal);
    }

    /// <summary>Asks for images that are in use and were not looked up lately.</summary>
    public void Refresh(IEnumerable<string> images, Turn turn)
    {
        foreach (var image in images.Distinct(StringComparer.Ordinal))
        {
            if (!_known.TryGetValue(image, out var known) || turn.Now - known.At > s_fresh)
            {
                _known[image] = (known.Supply, turn.Now);
                turn.ToSupply.Add(image);
            }
        }
    }
}
