using System.Buffers.Binary;

namespace Drover.Api.Machines;

/// <summary>What the first bytes of a disk image say it is, read without opening it as a disk.</summary>
/// <remarks>A qcow2 file may name any other file of the computer as its backing or data file, and whoever opens it reads that file for its guest.
/// So server and executor look at these bytes before anything that understands the format gets the file. Source: QEMU, docs/interop/qcow2.txt.</remarks>
/// <param name="Name"><see cref="Qcow2"/> or <see cref="Raw"/>; null when it is neither.</param>
/// <param name="VirtualBytes">The size that a guest sees; for raw the caller knows it.</param>
/// <param name="Refusal">A sentence why it cannot be used; null when it can.</param>
public sealed record DiskFormat(string? Name, long VirtualBytes, string? Refusal)
{
    public const string Qcow2 = "qcow2";
    public const string Raw = "raw";

    /// <summary>How much of the file's beginning <see cref="Of"/> wants to see, if there is that much.</summary>
    public const int HeadBytes = 0x8000 + 2048;

    private const int Header2Bytes = 72;
    private const int Header3Bytes = 104;

    /// <summary>Bits of the incompatible features that may stand: dirty reference counts, another compression, extended tables.</summary>
    private const ulong KnownFeatures = 0b11001;
    private const ulong CorruptFeature = 0b0010;
    private const ulong DataFileFeature = 0b0100;

    private static readonly byte[] Qcow2Magic = [.. "QFI"u8, 0xfb];

    private static readonly (int Offset, byte[] Magic, string What)[] Others =
    [
        (0, "KDMV"u8.ToArray(), "a VMware disk (vmdk)"),
        (0, "COWD"u8.ToArray(), "a VMware disk (vmdk)"),
        (0, "# Disk DescriptorFile"u8.ToArray(), "the description of a VMware disk (vmdk)"),
        (0, "conectix"u8.ToArray(), "a Virtual PC disk (vhd)"),
        (0, "vhdxfile"u8.ToArray(), "a Hyper-V disk (vhdx)"),
        (0x40, [0x7f, 0x10, 0xda, 0xbe], "a VirtualBox disk (vdi)"),
        (0x8001, "CD001"u8.ToArray(), "an ISO image: an installer, no installed disk"),
        (0, [0x1f, 0x8b], "compressed (gzip): unpack it first"),
        (0, [0xfd, 0x37, 0x7a, 0x58, 0x5a], "compressed (xz): unpack it first"),
        (0, "BZh"u8.ToArray(), "compressed (bzip2): unpack it first"),
        (0, [0x28, 0xb5, 0x2f, 0xfd], "compressed (zstd): unpack it first"),
        (0, "PK\u0003\u0004"u8.ToArray(), "an archive (zip): unpack it first"),
        (257, "ustar"u8.ToArray(), "an archive (tar): unpack it first"),
        (0, "<!DOCTYPE"u8.ToArray(), "a web page: the address names no image"),
        (0, "<html"u8.ToArray(), "a web page: the address names no image"),
    ];

    /// <param name="head">The file's first <see cref="HeadBytes"/> bytes, or all of a smaller file.</param>
    public static DiskFormat Of(ReadOnlySpan<byte> head)
    {
        if (head.StartsWith(Qcow2Magic))
        {
            return OfQcow2(head);
        }

        foreach (var (offset, magic, what) in Others)
        {
            // A vmdk of the streaming kind and a raw disk both may hold anything later on; what counts is how the file begins.
            if (head.Length > offset && head[offset..].StartsWith(magic))
            {
                return new DiskFormat(null, 0, $"it is {what}. Only qcow2 and raw disks can be used");
            }
        }

        return head.Length >= 512 && head[510] == 0x55 && head[511] == 0xaa
            ? new DiskFormat(Raw, 0, null)
            : new DiskFormat(null, 0, "it is neither qcow2 nor a raw disk with a partition table. Only those can be used");
    }

    private static DiskFormat OfQcow2(ReadOnlySpan<byte> head)
    {
        var version = head.Length >= Header2Bytes ? BinaryPrimitives.ReadUInt32BigEndian(head[4..]) : 0;
        if (version is not (2 or 3) || (version == 3 && head.Length < Header3Bytes))
        {
            return Refuse(0, "it is no whole qcow2 file of version 2 or 3");
        }

        var bytes = BinaryPrimitives.ReadInt64BigEndian(head[24..]);
        var features = version == 3 ? BinaryPrimitives.ReadUInt64BigEndian(head[72..]) : 0;
        return BinaryPrimitives.ReadUInt64BigEndian(head[8..]) != 0
                ? Refuse(bytes, "it names a backing file, so it is only a part of a disk. Flatten it first: qemu-img convert -O qcow2 OLD NEW")
            : (features & DataFileFeature) != 0 ? Refuse(bytes, "it keeps its data in another file. Flatten it first: qemu-img convert -O qcow2 OLD NEW")
            : BinaryPrimitives.ReadUInt32BigEndian(head[32..]) != 0 ? Refuse(bytes, "it is encrypted")
            : (features & CorruptFeature) != 0 ? Refuse(bytes, "it is marked as corrupt")
            : (features & ~KnownFeatures) != 0 ? Refuse(bytes, "it uses features of qcow2 that are not known here")
            : bytes <= 0 || BinaryPrimitives.ReadUInt32BigEndian(head[20..]) is < 9 or > 21 ? Refuse(bytes, "its header makes no sense")
            : new DiskFormat(Qcow2, bytes, null);
    }

    private static DiskFormat Refuse(long bytes, string why) => new(Qcow2, bytes, why);
}
