using Drover.Api;

namespace Drover.Web.AddHost;

/// <summary>A size that most people mean.</summary>
internal sealed record HostPreset(string Name, string Label, double Cpus, ByteSize Memory, ByteSize Disk)
{
    public static IReadOnlyList<HostPreset> All { get; } =
    [
        new("small", "Small", 1, ByteSize.FromGibibytes(1), ByteSize.FromGibibytes(10)),
        new("medium", "Medium", 2, ByteSize.FromGibibytes(4), ByteSize.FromGibibytes(20)),
        new("large", "Large", 4, ByteSize.FromGibibytes(8), ByteSize.FromGibibytes(40)),
    ];
}
