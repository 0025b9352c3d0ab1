using System.ComponentModel;
using Drover.Executor.Machines;
using Drover.Executor.Processes;

namespace Drover.Executor.SeedDisk;

/// <summary>The seed as a disk: an ISO file system with the label <c>cidata</c> in the sandbox.</summary>
internal static class SeedImage
{
    internal const string FileName = "seed.iso";

    /// <summary>Begins the names of the files that go into it, while it is made.</summary>
    private const string Prefix = "seed-";

    /// <summary>Programs of one command line; which one there is differs by distribution.</summary>
    private static readonly string[] Programs = ["genisoimage", "xorrisofs", "mkisofs"];

    /// <summary>Writes the disk anew; what was left of an earlier try is replaced.</summary>
    /// <exception cref="MachineException">No program for it here, or it fails.</exception>
    internal static async Task WriteAsync(string sandbox, IReadOnlyDictionary<string, string> files, CancellationToken cancellationToken)
    {
        Remove(sandbox);
        foreach (var (name, content) in files)
        {
            // User data may hold a person's secrets.
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite };
            await using var writer = new StreamWriter(Path.Combine(sandbox, Prefix + name), options);
            await writer.WriteAsync(content.AsMemory(), cancellationToken);
        }

        var result = await RunAsync(["-quiet", "-V", "cidata", "-J", "-r", "-o", FileName, "-graft-points", .. files.Keys.Select(name => $"{name}={Prefix}{name}")], sandbox, cancellationToken);
        if (!result.Exit.IsSuccess)
        {
            throw new MachineException($"The disk with the machine's cloud-init data cannot be made: {result.FirstLine}");
        }

        File.SetUnixFileMode(Path.Combine(sandbox, FileName), UnixFileMode.UserRead);
        RemoveParts(sandbox);
    }

    internal static void Remove(string sandbox)
    {
        File.Delete(Path.Combine(sandbox, FileName));
        RemoveParts(sandbox);
    }

    private static void RemoveParts(string sandbox)
    {
        foreach (var part in Directory.Exists(sandbox) ? Directory.EnumerateFiles(sandbox, Prefix + "*") : [])
        {
            File.Delete(part);
        }
    }

    private static async Task<ToolResult> RunAsync(IReadOnlyList<string> arguments, string sandbox, CancellationToken cancellationToken)
    {
        foreach (var program in Programs)
        {
            try
            {
                return await ToolRun.RunAsync(new ProcessSpec { Program = program, Arguments = arguments, WorkingDirectory = sandbox }, cancellationToken);
            }
            catch (Win32Exception e) when (program == Programs[^1])
            {
                throw new MachineException("The disk with the machine's cloud-init data cannot be made: none of genisoimage, xorrisofs and mkisofs is installed on this computer. Install one (Debian: genisoimage).", e);
            }
            catch (Win32Exception)
            {
                // The next name.
            }
        }

        throw new InvalidOperationException("Unreachable: the last program returns or throws.");
    }
}
