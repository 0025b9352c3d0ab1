using System.Text.Json;
using System.Text.Json.Serialization;

namespace Drover.Executor.Accelerators;

/// <summary>The result of a probe.</summary>
/// <param name="Reason">Why it does not work; empty when it does.</param>
/// <param name="Certain">QEMU or the guest said so. A probe that ran out of time may only have met a busy computer.</param>
internal sealed record ProbeResult(bool Works, string Reason, bool Certain);

/// <summary><c>STATE/accelerator.json</c>: the last probe of this computer.</summary>
internal sealed record RememberedProbe(AcceleratorFacts Facts, ProbeResult Result, DateTimeOffset ProbedAt);

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, WriteIndented = true)]
[JsonSerializable(typeof(RememberedProbe))]
internal sealed partial class AcceleratorJson : JsonSerializerContext;

/// <summary>Remembers the probe's result between executors. Losing it costs one more probe.</summary>
internal sealed class AcceleratorMemory(string stateDirectory, TimeProvider time)
{
    private static readonly TimeSpan UncertainFor = TimeSpan.FromMinutes(30);
    private readonly string path = Path.Combine(stateDirectory, "accelerator.json");

    internal ProbeResult? Recall(AcceleratorFacts facts)
    {
        try
        {
            var remembered = JsonSerializer.Deserialize(File.ReadAllBytes(path), AcceleratorJson.Default.RememberedProbe);
            return remembered is not null && remembered.Facts == facts && (remembered.Result.Certain || time.GetUtcNow() - remembered.ProbedAt < UncertainFor)
                ? remembered.Result
                : null;
        }
        catch (Exception e) when (e is IOException or JsonException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    internal void Remember(AcceleratorFacts facts, ProbeResult result)
    {
        File.WriteAllBytes(path + ".new", JsonSerializer.SerializeToUtf8Bytes(new RememberedProbe(facts, result, time.GetUtcNow()), AcceleratorJson.Default.RememberedProbe));
        File.Move(path + ".new", path, overwrite: true);
    }
}
