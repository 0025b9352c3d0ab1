using System.Runtime.InteropServices;

namespace Drover.Bench;

/// <summary>What the figures were measured on.</summary>
internal static class Machine
{
    public static Dictionary<string, string> Describe(string? accelerator) => new(StringComparer.Ordinal)
    {
        ["cpu"] = File.ReadLines("/proc/cpuinfo").FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal))?.Split(':', 2)[1].Trim() ?? "unknown",
        ["cores"] = $"{Environment.ProcessorCount}",
        ["kernel"] = RuntimeInformation.OSDescription,
        ["runtime"] = RuntimeInformation.FrameworkDescription,
        ["drover"] = typeof(Machine).Assembly.GetName().Version?.ToString(3) ?? "",
        ["accelerator"] = accelerator ?? "none",
    };
}
