using Drover.Executor.Processes;

namespace Drover.Executor.Accelerators;

/// <summary><c>/dev/kvm</c>: who may open it. That it opens does not mean that it runs a guest; see <see cref="AcceleratorProbe"/>.</summary>
internal static class KvmDevice
{
    internal const string Path = "/dev/kvm";

    /// <summary>Null when this process may open it, else the reason.</summary>
    internal static string? WhyNot() =>
        !File.Exists(Path) ? $"{Path} does not exist (no hardware virtualisation here, or its kernel module is not loaded)"
        : LibC.Access(Path, LibC.AccessReadWrite) != 0 ? $"{Path} exists but may not be opened by this user (add the user to the group 'kvm')"
        : null;

    /// <summary>How an unprivileged child may open it: by a group to keep, as anybody (0), or, null, not at all.</summary>
    internal static uint? GroupForChildren()
    {
        if (!File.Exists(Path))
        {
            return null;
        }

        var mode = File.GetUnixFileMode(Path);
        const UnixFileMode Others = UnixFileMode.OtherRead | UnixFileMode.OtherWrite;
        const UnixFileMode Group = UnixFileMode.GroupRead | UnixFileMode.GroupWrite;
        return (mode & Others) == Others ? 0
            : (mode & Group) == Group && FileOwner.Of(Path) is { Group: > 0 } owner ? owner.Group
            : null;
    }
}
