using Drover.Api;
using Drover.Api.Machines;
using Drover.Scheduler.Placement;
using Drover.Scheduler.Requests;

namespace Drover.Scheduler.Pool;

/// <summary>What the machines of one kind have in common: one template on each agent machine serves them, and a spare of the kind can become any of them.</summary>
/// <param name="Image">The image's name, for people.</param>
/// <param name="Digest">The image itself.</param>
/// <param name="DiskBytes">Of the spare; a machine with a smaller disk may take it.</param>
internal sealed record PoolClass(string Image, string Digest, long MilliCpus, long MemoryBytes, long DiskBytes, string Network)
{
    /// <summary>Null for images of which there are never copies.</summary>
    public static PoolClass? Of(MachineSpec spec, GuestImage image) =>
        image.Kind == ImageKind.Drover ? new PoolClass(image.Name, image.Digest, spec.MilliCpus, spec.MemoryBytes, spec.DiskBytes, spec.Network) : null;

    /// <summary>Such a spare can become that machine.</summary>
    public bool Serves(PoolClass wanted) => DiskBytes >= wanted.DiskBytes && this with { DiskBytes = wanted.DiskBytes, Image = wanted.Image } == wanted;

    /// <summary>One template serves both: cards are plugged and disks grown when a copy starts.</summary>
    public bool SharesTemplate(PoolClass other) => Digest == other.Digest && MilliCpus == other.MilliCpus && MemoryBytes == other.MemoryBytes;

    public MachineSpec ToSpec() => new() { Image = Image, MilliCpus = MilliCpus, MemoryBytes = MemoryBytes, DiskBytes = DiskBytes, Network = Network };

    public override string ToString() => $"{Image}, {Amounts.CpuText(MilliCpus)}, {new ByteSize(MemoryBytes).ToDisplayString()}, disk {new ByteSize(DiskBytes).ToDisplayString()}, network {Network}";
}
