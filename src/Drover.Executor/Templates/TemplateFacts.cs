using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Drover.Api.Machines;

namespace Drover.Executor.Templates;

/// <summary>Everything that a copy must have in common with its template. Another value of any of them means another template.</summary>
/// <param name="Cpus">Virtual CPUs.</param>
/// <param name="CpuModel">What the guest's processor is made of: the name for QEMU, and with kvm the computer's own model.</param>
/// <param name="Machine">The rest of the machine in QEMU's words, or a word for a machine without QEMU: it changes with our own code.</param>
internal sealed record TemplateFacts(string ImageDigest, int Cpus, long MemoryBytes, string Accelerator, string QemuVersion, string CpuModel, string Machine)
{
    internal static TemplateFacts Of(MachineTask task, string accelerator, string qemuVersion, string cpuModel, string machine) =>
        new(task.Image.Digest, (int)Math.Ceiling(task.Cpus), task.MemoryBytes, accelerator, qemuVersion, cpuModel, machine);

    /// <summary>A name for a folder: 32 hex digits.</summary>
    internal string Key => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Create(
        CultureInfo.InvariantCulture, $"{ImageDigest}\n{Cpus}\n{MemoryBytes}\n{Accelerator}\n{QemuVersion}\n{CpuModel}\n{Machine}"))))[..32];
}
