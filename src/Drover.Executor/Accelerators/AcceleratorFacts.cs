using System.Globalization;
using Drover.Executor.Processes;

namespace Drover.Executor.Accelerators;

/// <summary>What a probe's result depends on. The result holds as long as these are the same, over reboots too.</summary>
/// <param name="KvmDevice">Mode and owner, so that a <c>chmod</c> leads to a new probe.</param>
internal sealed record AcceleratorFacts(string KernelRelease, string QemuVersion, string KvmDevice, string CpuModel, uint User)
{
    internal static AcceleratorFacts OfThisMachine(string qemuVersion) =>
        new(FirstLine("/proc/sys/kernel/osrelease"), qemuVersion, KvmIdentity(), CpuModelOfThisMachine(), LibC.EffectiveUser());

    private static string KvmIdentity() => FileOwner.Of(Accelerators.KvmDevice.Path) is { } owner
        ? string.Create(CultureInfo.InvariantCulture, $"{File.GetUnixFileMode(Accelerators.KvmDevice.Path)}, owner {owner.User}:{owner.Group}")
        : "missing";

    /// <summary>Name and microcode; the flag because a hypervisor may begin to offer nesting without changing the name.</summary>
    private static string CpuModelOfThisMachine()
    {
        try
        {
            var lines = File.ReadLines("/proc/cpuinfo").Take(40).ToArray();
            string Value(string key) => lines.FirstOrDefault(line => line.StartsWith(key, StringComparison.Ordinal))?.Split(':')[^1].Trim() ?? "";
            return $"{Value("model name")} {Value("microcode")}{(Value("flags").Split(' ').Any(flag => flag is "vmx" or "svm") ? " with virtualisation" : "")}";
        }
        catch (IOException)
        {
            return "";
        }
    }

    private static string FirstLine(string path)
    {
        try
        {
            return File.ReadLines(path).FirstOrDefault("");
        }
        catch (IOException)
        {
            return "";
        }
    }
}
