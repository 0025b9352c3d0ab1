using Google.Protobuf;

namespace Drover.Mesos;

/// <summary>UUIDs as status updates carry them: 16 bytes in big-endian order, versions 1 to 5.</summary>
/// <remarks>.NET's default byte order moves the version nibble, and an agent then refuses most updates.</remarks>
public static class MesosUuid
{
    /// <summary>A new random (version 4) UUID.</summary>
    public static ByteString Create()
    {
        Span<byte> bytes = stackalloc byte[16];
        Guid.NewGuid().TryWriteBytes(bytes, bigEndian: true, out _);
        return ByteString.CopyFrom(bytes);
    }

    /// <summary>Whether Mesos would take these bytes. Like Mesos it does not look at the variant.</summary>
    public static bool IsValid(ByteString? bytes) => bytes is { Length: 16 } && (bytes[6] >> 4) is >= 1 and <= 5;

    /// <summary>The usual text form, for logs.</summary>
    public static string ToText(ByteString bytes) =>
        bytes.Length == 16 ? new Guid(bytes.Span, bigEndian: true).ToString() : Convert.ToHexStringLower(bytes.Span);
}
