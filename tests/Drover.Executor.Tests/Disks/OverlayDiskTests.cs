using Drover.Executor.Disks;
using Drover.Executor.Machines;
using Drover.Executor.Processes;

namespace Drover.Executor.Tests.Disks;

public sealed class OverlayDiskTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Create_OverAnImage_IsSmallAndAsLargeAsAsked()
    {
        using var folder = new TestFolder();
        await MakeBaseAsync(folder["base.qcow2"], "1G");

        await OverlayDisk.CreateAsync("qemu-img", folder["base.qcow2"], folder.Path, 3L << 30, Token);

        Assert.Equal(3L << 30, SizeOf(folder["disk.qcow2"]));
        Assert.True(new FileInfo(folder["disk.qcow2"]).Length < 1 << 20);
    }

    [Fact]
    public async Task Create_SmallerThanTheImage_SaysHowMuchIsNeeded()
    {
        using var folder = new TestFolder();
        await MakeBaseAsync(folder["base.qcow2"], "4G");

        var e = await Assert.ThrowsAsync<MachineException>(() => OverlayDisk.CreateAsync("qemu-img", folder["base.qcow2"], folder.Path, 1L << 30, Token));

        Assert.Contains("at least 4GiB", e.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(folder["disk.qcow2"]));
    }

    [Fact]
    public async Task Create_ImageIsNoQcow2_SaysSo()
    {
        using var folder = new TestFolder();
        await File.WriteAllTextAsync(folder["base.qcow2"], new string('x', 1000), Token);

        var e = await Assert.ThrowsAsync<MachineException>(() => OverlayDisk.CreateAsync("qemu-img", folder["base.qcow2"], folder.Path, 1L << 30, Token));

        Assert.Contains("no qcow2", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Create_ToolMissing_NamesThePackage()
    {
        using var folder = new TestFolder();
        await MakeBaseAsync(folder["base.qcow2"], "1G");

        var e = await Assert.ThrowsAsync<MachineException>(() => OverlayDisk.CreateAsync("no-qemu-img", folder["base.qcow2"], folder.Path, 1L << 30, Token));

        Assert.Contains("qemu-utils", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Create_ToolRefuses_TellsItsFirstLine()
    {
        using var folder = new TestFolder();
        await MakeBaseAsync(folder["base.qcow2"], "1G");
        await File.WriteAllTextAsync(folder["img"], "#!/bin/sh\necho 'qemu-img: disk.qcow2: No space left on device' >&2\nexit 1\n", Token);
        File.SetUnixFileMode(folder["img"], UnixFileMode.UserExecute | UnixFileMode.UserRead);

        var e = await Assert.ThrowsAsync<MachineException>(() => OverlayDisk.CreateAsync(folder["img"], folder["base.qcow2"], folder.Path, 1L << 30, Token));

        Assert.Contains("No space left", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Create_ImageWithABackingFile_IsRefusedBeforeAnythingOpensIt()
    {
        using var folder = new TestFolder();
        await MakeBaseAsync(folder["base.qcow2"], "1G");
        var made = await ToolRun.RunAsync(new ProcessSpec { Program = "qemu-img", Arguments = ["create", "-q", "-u", "-f", "qcow2", "-F", "raw", "-b", "/etc/shadow", folder["evil.qcow2"], "1G"] }, Token);
        Assert.True(made.Exit.IsSuccess, made.Error);

        var e = await Assert.ThrowsAsync<MachineException>(() => OverlayDisk.CreateAsync("no-qemu-img", folder["evil.qcow2"], folder.Path, 2L << 30, Token));

        Assert.Contains("backing file", e.Message, StringComparison.Ordinal);
    }

    private static long SizeOf(string path) => System.Buffers.Binary.BinaryPrimitives.ReadInt64BigEndian(File.ReadAllBytes(path).AsSpan(24));

    private static async Task MakeBaseAsync(string path, string size)
    {
        Assert.SkipUnless(File.Exists("/usr/bin/qemu-img"), "qemu-img is not installed.");
        var result = await ToolRun.RunAsync(new ProcessSpec { Program = "qemu-img", Arguments = ["create", "-q", "-f", "qcow2", path, size] }, Token);
        Assert.True(result.Exit.IsSuccess, result.Error);
    }
}
