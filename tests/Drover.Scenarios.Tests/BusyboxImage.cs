namespace Drover.Scenarios.Tests;

/// <summary>A container image that needs no registry: a static busybox under the names that a test uses.</summary>
internal static class BusyboxImage
{
    public const string Name = "bb:1";

    private static readonly string[] s_names = ["sh", "echo", "cat", "seq", "sleep", "sha256sum", "stty", "date", "ls", "head", "yes", "env"];

    /// <summary>Imports it at a host.</summary>
    public static async Task ImportAsync(DroverInstance drover, string host, CancellationToken cancellationToken)
    {
        var root = Directory.CreateDirectory(Path.Combine(drover.Data, "root", "bin")).FullName;
        File.Copy("/bin/busybox", Path.Combine(root, "busybox"));
        foreach (var name in s_names)
        {
            File.CreateSymbolicLink(Path.Combine(root, name), "busybox");
        }

        var archive = Path.Combine(drover.Data, "root.tar");
        var tar = await drover.RunProgramAsync("tar", null, cancellationToken, "-C", Path.GetDirectoryName(root)!, "-cf", archive, ".");
        Assert.Equal(0, tar.ExitCode);
        await drover.MustAsync(cancellationToken, "docker", host, "--", "import", archive, Name);
    }
}
