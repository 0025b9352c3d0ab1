using Drover.Executor.Images;
using Drover.Executor.Machines;

namespace Drover.Executor.Tests.Images;

public sealed class DiskSpaceTests
{
    [Fact]
    public void IsFull_OfAWriteToAFullDevice_IsTrue()
    {
        using var full = new FileStream("/dev/full", FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);

        Assert.True(DiskSpace.IsFull(Assert.ThrowsAny<IOException>(() => full.Write([1]))));
    }

    [Fact]
    public void IsFull_OfAnotherFault_IsFalse() => Assert.False(DiskSpace.IsFull(Assert.ThrowsAny<IOException>(() => File.OpenRead("/nonexistent/file"))));

    [Fact]
    public void Require_MoreThanThereIs_NamesFolderPurposeAndFigures()
    {
        var e = Assert.Throws<MachineException>(() => DiskSpace.Require("/tmp", 1L << 60, "for the test"));

        Assert.Contains("'/tmp'", e.Message, StringComparison.Ordinal);
        Assert.Contains("needed for the test", e.Message, StringComparison.Ordinal);
    }
}
