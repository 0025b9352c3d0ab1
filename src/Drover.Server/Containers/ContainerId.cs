using System.Globalization;

namespace Drover.Server.Containers;

/// <summary>A container's number: its host's, and the first 40 bits of Docker's id, or of the uuid that one has which was made here. So a number leads to its container without
/// any table, the same container always has the same one, and one that was asked for has it before Docker knows of it.</summary>
/// <remarks>Two containers of one host share it once in a trillion pairs; the later one is then hidden behind the earlier.</remarks>
internal static class ContainerId
{
    private const int Bits = 40;
    private const int Digits = Bits / 4;

    public static long Of(long hostId, string id) =>
        (hostId << Bits) | long.Parse(id.Replace("-", "", StringComparison.Ordinal).AsSpan(0, Digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);

    public static long HostOf(long id) => id >> Bits;
}
