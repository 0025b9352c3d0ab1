using System.Globalization;

namespace Drover.Server.Containers;

/// <summary>A container's number: its host's, and the first 40 bits of Docker's id. So a number leads to its container without any table, and the same container always has the same one.</summary>
/// <remarks>Two containers of one host share it once in a trillion pairs; the later one is then hidden behind the earlier.</remarks>
internal static class ContainerId
{
    private const int Bits = 40;
    private const int Digits = Bits / 4;

    public static long Of(long hostId, string dockerId) => (hostId << Bits) | long.Parse(dockerId.AsSpan(0, Digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);

    public static long HostOf(long id) => id >> Bits;

    /// <summary>The first digits of Docker's id.</summary>
    public static string PrefixOf(long id) => (id & ((1L << Bits) - 1)).ToString("x10", CultureInfo.InvariantCulture);
}
