using System.ComponentModel;
using System.Runtime.InteropServices;
using Drover.Executor.Machines;
using Drover.Executor.Processes;

namespace Drover.Executor.Qemu;

/// <summary>Lets an unprivileged QEMU into its sandbox, and into nothing else.</summary>
/// <remarks>A sandbox has mode 0750 and lies below folders that the user may not enter. QEMU gets it as working directory, so only the folder
/// itself must let it pass: its group becomes QEMU's. Of the files only those that QEMU writes become its own.</remarks>
internal static class SandboxAccess
{
    /// <exception cref="MachineException">The file system does not allow it.</exception>
    internal static void Give(string sandbox, ProcessUser? user, params ReadOnlySpan<string> files)
    {
        if (user is null)
        {
            return;
        }

        const uint Unchanged = uint.MaxValue;
        Change(sandbox, Unchanged, user.GroupId);
        File.SetUnixFileMode(sandbox, File.GetUnixFileMode(sandbox) | UnixFileMode.GroupExecute);
        foreach (var file in files)
        {
            Change(Path.Combine(sandbox, file), user.UserId, user.GroupId);
        }
    }

    private static void Change(string path, uint user, uint group)
    {
        if (LibC.ChangeOwner(path, user, group) != 0)
        {
            throw new MachineException($"'{path}' cannot be given to QEMU's user: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}");
        }
    }
}
