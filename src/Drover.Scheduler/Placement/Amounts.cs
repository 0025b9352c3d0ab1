using System.Globalization;
using System.Runtime.InteropServices;
using Drover.Api;

namespace Drover.Scheduler.Placement;

/// <summary>An amount of resources in Mesos' own precision: thousandths of a CPU and of a MiB. Doubles are never added up.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct Amounts(long Cpus, long Memory, long Disk)
{
    public const long Unit = 1000;

    public static Amounts Of(double cpus, double memoryMebibytes, double diskMebibytes) => new(Milli(cpus), Milli(memoryMebibytes), Milli(diskMebibytes));

    public static long Milli(double value) => (long)Math.Round(value * Unit, MidpointRounding.AwayFromZero);

    public bool Covers(Amounts need) => Cpus >= need.Cpus && Memory >= need.Memory && Disk >= need.Disk;

    public static Amounts operator +(Amounts a, Amounts b) => new(a.Cpus + b.Cpus, a.Memory + b.Memory, a.Disk + b.Disk);

    public static Amounts operator -(Amounts a, Amounts b) => new(a.Cpus - b.Cpus, a.Memory - b.Memory, a.Disk - b.Disk);

    /// <summary>The larger of each.</summary>
    public static Amounts Max(Amounts a, Amounts b) => new(Math.Max(a.Cpus, b.Cpus), Math.Max(a.Memory, b.Memory), Math.Max(a.Disk, b.Disk));

    public static string CpuText(long milli) =>
        (milli / (double)Unit).ToString("0.###", CultureInfo.InvariantCulture) + (milli == Unit ? " CPU" : " CPUs");

    public static string SizeText(long milliMebibytes) => ByteSize.FromMebibytes(milliMebibytes / (double)Unit).ToDisplayString();

    public override string ToString() => $"{CpuText(Cpus)}, {SizeText(Memory)} memory, {SizeText(Disk)} disk";
}
