using System.Runtime.InteropServices;
using Drover.Api.Agents;

namespace Drover.Server.Hosts;

/// <summary>What a host did in one minute: 32 bytes, so that a day of it is 45 KiB. Means, but for <see cref="CpuMax"/>.</summary>
/// <param name="Minute">Since 1970, of the server's clock: guests' clocks may be anywhere.</param>
/// <param name="Cpu">Percent of all CPUs.</param>
/// <param name="CpuMax">The highest sample.</param>
/// <param name="Memory">Bytes in use.</param>
/// <param name="Disk">Bytes in use.</param>
/// <param name="Received">Bytes per second.</param>
/// <param name="Sent">Bytes per second.</param>
/// <param name="Load1">The kernel's load.</param>
[StructLayout(LayoutKind.Sequential, Pack = 4)]
internal readonly record struct LoadMinute(uint Minute, float Cpu, float CpuMax, float Memory, float Disk, float Received, float Sent, float Load1)
{
    public static uint Of(DateTimeOffset time) => (uint)(time.ToUnixTimeSeconds() / 60);

    /// <summary>One for several: means of the means, the highest of the highest.</summary>
    public static LoadMinute Mean(uint minute, IReadOnlyCollection<LoadMinute> minutes) => new(
        minute, minutes.Average(m => m.Cpu), minutes.Max(m => m.CpuMax), minutes.Average(m => m.Memory), minutes.Average(m => m.Disk), minutes.Average(m => m.Received), minutes.Average(m => m.Sent), minutes.Average(m => m.Load1));
}

/// <summary>Minutes as bytes for the database: a version, then the structs, little endian as every computer that runs this.</summary>
internal static class LoadBytes
{
    private const byte Version = 1;

    public static byte[] Write(IEnumerable<LoadMinute> minutes) => [Version, .. MemoryMarshal.AsBytes<LoadMinute>(minutes.ToArray())];

    /// <summary>None where the bytes are of another version: figures of the past are no reason to fail.</summary>
    public static LoadMinute[] Read(byte[] bytes) =>
        bytes is [Version, ..] && (bytes.Length - 1) % Marshal.SizeOf<LoadMinute>() == 0 ? MemoryMarshal.Cast<byte, LoadMinute>(bytes.AsSpan(1)).ToArray() : [];
}

/// <summary>Samples of the minute that runs, added up.</summary>
internal sealed class LoadSum(uint minute)
{
    private double _cpu, _cpuMax, _memory, _disk, _received, _sent, _load1;

    public uint Minute { get; } = minute;

    public int Count { get; private set; }

    public void Add(HostLoad sample)
    {
        Count++;
        _cpu += Sound(sample.CpuPercent);
        _cpuMax = Math.Max(_cpuMax, Sound(sample.CpuPercent));
        _memory += Sound(sample.MemoryUsedBytes);
        _disk += Sound(sample.DiskUsedBytes);
        _received += Sound(sample.NetworkReceive);
        _sent += Sound(sample.NetworkSend);
        _load1 += Sound(sample.Load1);
    }

    public LoadMinute Mean() => new(
        Minute, (float)(_cpu / Count), (float)_cpuMax, (float)(_memory / Count), (float)(_disk / Count), (float)(_received / Count), (float)(_sent / Count), (float)(_load1 / Count));

    /// <summary>An agent's number: what JSON cannot say again is none.</summary>
    private static double Sound(double value) => double.IsFinite(value) ? Math.Clamp(value, 0, 1e30) : 0;
}
