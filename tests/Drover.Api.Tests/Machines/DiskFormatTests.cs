using System.Buffers.Binary;
using System.Text;
using Drover.Api.Machines;

namespace Drover.Api.Tests.Machines;

public sealed class DiskFormatTests
{
    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public void Of_Qcow2_TellsTheGuestsSize(uint version)
    {
        var format = DiskFormat.Of(Qcow2(version));

        Assert.Equal((DiskFormat.Qcow2, 5L << 30, null), (format.Name, format.VirtualBytes, format.Refusal));
    }

    [Theory]
    [InlineData(8, 0x200UL, "backing file")]
    [InlineData(72, 0b100UL, "another file")]
    [InlineData(72, 0b010UL, "corrupt")]
    [InlineData(72, 0b100000UL, "features")]
    [InlineData(32, 1UL << 32, "encrypted")]
    [InlineData(24, 0UL, "no sense")]
    [InlineData(24, ulong.MaxValue, "no sense")]
    [InlineData(20, 40UL << 32, "no sense")]
    [InlineData(4, 9UL << 32, "version 2 or 3")]
    public void Of_Qcow2ThatIsNoWholeDisk_SaysWhy(int offset, ulong value, string expected)
    {
        var head = Qcow2(3);
        BinaryPrimitives.WriteUInt64BigEndian(head.AsSpan(offset), value);

        var format = DiskFormat.Of(head);

        Assert.Equal(DiskFormat.Qcow2, format.Name);
        Assert.Contains(expected, format.Refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_Qcow2CutShort_IsRefusedAtEveryLength()
    {
        var head = Qcow2(3);
        for (var length = 0; length < 104; length++)
        {
            Assert.NotNull(DiskFormat.Of(head.AsSpan(0, length)).Refusal);
        }
    }

    [Theory]
    [InlineData(0, "KDMV", "vmdk")]
    [InlineData(0, "# Disk DescriptorFile", "vmdk")]
    [InlineData(0, "conectix", "vhd")]
    [InlineData(0, "vhdxfile", "vhdx")]
    [InlineData(0x8001, "CD001", "ISO")]
    [InlineData(0, "PK\u0003\u0004", "zip")]
    [InlineData(257, "ustar", "tar")]
    [InlineData(0, "<!DOCTYPE html>", "web page")]
    [InlineData(0, "hello", "neither qcow2 nor a raw disk")]
    public void Of_OtherFormats_AreNamed(int offset, string magic, string expected)
    {
        var head = new byte[DiskFormat.HeadBytes];
        // A boot sector too: what is not ours stays not ours.
        (head[510], head[511]) = expected.StartsWith("neither", StringComparison.Ordinal) ? ((byte)0, (byte)0) : ((byte)0x55, (byte)0xaa);
        Encoding.ASCII.GetBytes(magic).CopyTo(head, offset);

        var format = DiskFormat.Of(head);

        Assert.Null(format.Name);
        Assert.Contains(expected, format.Refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_DiskWithAPartitionTable_IsRaw()
    {
        var head = new byte[512];
        (head[510], head[511]) = (0x55, 0xaa);

        Assert.Equal((DiskFormat.Raw, null), (DiskFormat.Of(head).Name, DiskFormat.Of(head).Refusal));
    }

    private static byte[] Qcow2(uint version)
    {
        var head = new byte[DiskFormat.HeadBytes];
        BinaryPrimitives.WriteUInt32BigEndian(head, 0x514649fb);
        BinaryPrimitives.WriteUInt32BigEndian(head.AsSpan(4), version);
        BinaryPrimitives.WriteUInt32BigEndian(head.AsSpan(20), 16);
        BinaryPrimitives.WriteInt64BigEndian(head.AsSpan(24), 5L << 30);
        BinaryPrimitives.WriteUInt32BigEndian(head.AsSpan(100), 104);
        return head;
    }
}
