using System.Globalization;
using Drover.Executor.Accelerators;
using Drover.Executor.Processes;

namespace Drover.Executor.Qemu;

/// <summary>As whom QEMU runs. A guest that breaks out of QEMU must not be root.</summary>
/// <param name="User">Null: as this process.</param>
/// <param name="Reason">Why not unprivileged; null when it is.</param>
internal sealed record QemuUser(ProcessUser? User, string? Reason)
{
    private const string Name = "nobody";

    /// <summary>Root becomes <c>nobody</c>, unless the accelerator's device is for root alone. Others stay who they are.</summary>
    internal static QemuUser For(string accelerator, bool dropPrivileges) =>
        Decide(accelerator, dropPrivileges, LibC.EffectiveUser() == 0, Nobody(), KvmDevice.GroupForChildren());

    internal static QemuUser Decide(string accelerator, bool dropPrivileges, bool root, (uint User, uint Group)? nobody, uint? kvmGroup) =>
        !root ? new QemuUser(null, null)
        : !dropPrivileges ? new QemuUser(null, "QEMU runs as root, as set")
        : nobody is not { } user ? new QemuUser(null, $"QEMU runs as root: there is no user '{Name}' here")
        : accelerator != AcceleratorSelector.Kvm ? new QemuUser(new ProcessUser(user.User, user.Group), null)
        : kvmGroup is not { } group ? new QemuUser(null, $"QEMU runs as root: only root may open {KvmDevice.Path}")
        : new QemuUser(new ProcessUser(user.User, user.Group, group == 0 ? null : group), null);

    private static (uint User, uint Group)? Nobody()
    {
        try
        {
            var line = File.ReadLines("/etc/passwd").FirstOrDefault(line => line.StartsWith(Name + ":", StringComparison.Ordinal));
            return line?.Split(':') is [_, _, var user, var group, ..]
                ? (uint.Parse(user, CultureInfo.InvariantCulture), uint.Parse(group, CultureInfo.InvariantCulture))
                : null;
        }
        catch (Exception e) when (e is IOException or FormatException)
        {
            return null;
        }
    }
}
