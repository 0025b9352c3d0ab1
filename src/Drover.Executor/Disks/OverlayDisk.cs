using System.ComponentModel;
using System.Globalization;
using Drover.Api;
using Drover.Api.Machines;
using Drover.Executor.Images;
using Drover.Executor.Machines;
using Drover.Executor.Processes;

namespace Drover.Executor.Disks;

/// <summary>The machine's disk: a qcow2 file in the sandbox that holds only what differs from the image.</summary>
internal static class OverlayDisk
{
    internal const string FileName = "disk.qcow2";

    /// <summary>An overlay grows as the guest writes; this much must be free (or the whole disk, if it is smaller) so that a host can at least start.</summary>
    private const long LeastFree = 1L << 30;

    /// <exception cref="MachineException">The image is larger than the disk asked for, the file system is full, or the tool fails.</exception>
    internal static async Task CreateAsync(string imageProgram, string basePath, string sandbox, long bytes, CancellationToken cancellationToken)
    {
        var needed = VirtualSizeOf(basePath);
        if (bytes < needed)
        {
            throw new MachineException($"The disk of {new ByteSize(bytes)} is smaller than the image's {new ByteSize(needed)}: ask for at least {new ByteSize(needed)}.");
        }

        DiskSpace.Require(sandbox, Math.Min(bytes, LeastFree), "for the machine's disk to begin with");
        await RunAsync(imageProgram, basePath, Path.Combine(sandbox, FileName), bytes, cancellationToken);
    }

    /// <summary>An empty layer for above any disk: what is beneath is named by who opens it.</summary>
    /// <exception cref="MachineException">The tool fails.</exception>
    internal static Task CreateEmptyAsync(string imageProgram, string path, long bytes, CancellationToken cancellationToken) =>
        RunAsync(imageProgram, "template", path, bytes, cancellationToken);

    private static async Task RunAsync(string imageProgram, string basePath, string path, long bytes, CancellationToken cancellationToken)
    {
        var spec = new ProcessSpec
        {
            Program = imageProgram,
            // -u: the image is not opened. This process may be root, and a foreign image is nothing for it to read.
            Arguments = ["create", "-q", "-u", "-f", "qcow2", "-F", "qcow2", "-b", basePath, Path.GetFileName(path), bytes.ToString(CultureInfo.InvariantCulture)],
            WorkingDirectory = Path.GetDirectoryName(path),
        };
        ToolResult result;
        try
        {
            result = await ToolRun.RunAsync(spec, cancellationToken);
        }
        catch (Win32Exception e)
        {
            throw new MachineException($"QEMU's disk tool {e.Message}. Install it (Debian: qemu-utils).", e);
        }

        if (!result.Exit.IsSuccess)
        {
            throw new MachineException($"The disk cannot be made: {result.FirstLine}");
        }
    }

    /// <summary>The file of a disk beside the machine's own.</summary>
    internal static string ExtraFileName(ExtraDisk disk) => $"disk-{disk.Name}.qcow2";

    /// <summary>Makes the empty disks beside the machine's own.</summary>
    /// <exception cref="MachineException">The tool fails.</exception>
    internal static async Task CreateExtraAsync(string imageProgram, string sandbox, IEnumerable<ExtraDisk> disks, CancellationToken cancellationToken)
    {
        foreach (var disk in disks)
        {
            var result = await ToolRun.RunAsync(
                new ProcessSpec
                {
                    Program = imageProgram,
                    Arguments = ["create", "-q", "-f", "qcow2", ExtraFileName(disk), disk.Bytes.ToString(CultureInfo.InvariantCulture)],
                    WorkingDirectory = sandbox,
                },
                cancellationToken);
            if (!result.Exit.IsSuccess)
            {
                throw new MachineException($"The disk '{disk.Name}' cannot be made: {result.FirstLine}");
            }
        }
    }

    /// <summary>Brings the disk back to a snapshot inside it. Nobody has it open. The image beneath is not looked at.</summary>
    /// <param name="user">As whom the tool runs: QEMU wrote the file, so it is to be trusted no more than QEMU.</param>
    /// <exception cref="MachineException">There is no such snapshot, or the tool fails.</exception>
    internal static async Task RevertAsync(string imageProgram, string sandbox, string snapshot, ProcessUser? user, CancellationToken cancellationToken)
    {
        var spec = new ProcessSpec
        {
            Program = imageProgram,
            Arguments = ["snapshot", "-q", "-a", snapshot, $$$"""json:{"driver":"qcow2","file":{"driver":"file","filename":"{{{FileName}}}"},"backing":null}"""],
            WorkingDirectory = sandbox,
            User = user,
        };
        var result = await ToolRun.RunAsync(spec, cancellationToken);
        if (!result.Exit.IsSuccess)
        {
            throw new MachineException($"The disk cannot be brought back to '{snapshot}': {result.FirstLine}");
        }
    }

    /// <summary>The size that a guest sees.</summary>
    /// <exception cref="MachineException">It is no qcow2 file, or one that leads QEMU to other files.</exception>
    internal static long VirtualSizeOf(string path)
    {
        using var file = File.OpenHandle(path);
        var head = new byte[DiskFormat.HeadBytes];
        var format = DiskFormat.Of(head.AsSpan(0, RandomAccess.Read(file, head, 0)));
        return format.Name != DiskFormat.Qcow2 ? throw new MachineException($"The image's disk '{path}' is no qcow2 file.")
            : format.Refusal is { } why ? throw new MachineException($"The image's disk '{path}' cannot be used: {why}.")
            : format.VirtualBytes;
    }
}
