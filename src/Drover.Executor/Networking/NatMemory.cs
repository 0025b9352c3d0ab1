using System.Text.Json;

namespace Drover.Executor.Networking;

/// <summary>That a nat could not be set up on this computer, so that not every machine tries it again.</summary>
internal sealed record RememberedNat(NetworkFacts Facts, string Failure, DateTimeOffset At);

/// <summary>Remembers a failed nat between executors: <c>STATE/networks/nat-failure.json</c>. Losing it costs one more try.</summary>
internal sealed class NatMemory(string stateDirectory, TimeProvider time)
{
    /// <summary>After that it is tried again: what failed may have been mended.</summary>
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(30);
    private readonly string path = Path.Combine(stateDirectory, "networks", "nat-failure.json");

    internal string? Recall(NetworkFacts facts)
    {
        try
        {
            var remembered = JsonSerializer.Deserialize(File.ReadAllBytes(path), NetworkJson.Default.RememberedNat);
            return remembered is not null && remembered.Facts == facts && time.GetUtcNow() - remembered.At < Lifetime ? remembered.Failure : null;
        }
        catch (Exception e) when (e is IOException or JsonException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    internal void Remember(NetworkFacts facts, string failure)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path + ".new", JsonSerializer.SerializeToUtf8Bytes(new RememberedNat(facts, failure, time.GetUtcNow()), NetworkJson.Default.RememberedNat));
        File.Move(path + ".new", path, overwrite: true);
    }
}
