using Drover.Api.Agents;

namespace Drover.Agent.Health;

/// <summary>Takes <see cref="HostLoad"/> samples from the kernel. CPU and network are differences to the sample before.</summary>
internal sealed class HostSampler(TimeProvider time)
{
    private const string DockerRoot = "/var/lib/docker";

    private (long Busy, long Total) _cpu;
    private (long Received, long Sent) _network;
    private long _at;

    public HostLoad Sample((int Running, int All)? containers, string? dockerRoot)
    {
        var cpu = ProcReader.Cpu(File.ReadAllText("/proc/stat"));
        var memory = ProcReader.Memory(File.ReadAllText("/proc/meminfo"));
        var network = ProcReader.Network(File.ReadAllText("/proc/net/dev"), IsCard);
        var disk = Disk(dockerRoot ?? DockerRoot);
        var seconds = _at == 0 ? 0 : time.GetElapsedTime(_at).TotalSeconds;
        var ticks = cpu.Total - _cpu.Total;
        var sample = new HostLoad
        {
            At = time.GetUtcNow(),
            CpuPercent = _at == 0 || ticks <= 0 ? 0 : Math.Round(Math.Clamp(100.0 * (cpu.Busy - _cpu.Busy) / ticks, 0, 100), 1),
            MemoryTotalBytes = memory.Total,
            MemoryUsedBytes = memory.Used,
            DiskTotalBytes = disk.Total,
            DiskUsedBytes = disk.Used,
            Load1 = ProcReader.Load1(File.ReadAllText("/proc/loadavg")),
            NetworkReceive = Rate(network.Received - _network.Received, seconds),
            NetworkSend = Rate(network.Sent - _network.Sent, seconds),
            ContainersRunning = containers?.Running ?? 0,
            Containers = containers?.All ?? 0,
            AgentMemoryBytes = Environment.WorkingSet,
        };
        (_cpu, _network, _at) = (cpu, network, time.GetTimestamp());
        return sample;
    }

    /// <summary>Bytes of the file system that holds <paramref name="path"/>, or the root's if there is no such folder yet.</summary>
    public static (long Total, long Used) Disk(string path)
    {
        var drive = new DriveInfo(Directory.Exists(path) ? path : "/");
        return (drive.TotalSize, drive.TotalSize - drive.TotalFreeSpace);
    }

    private static double Rate(long bytes, double seconds) => seconds <= 0 ? 0 : Math.Round(Math.Max(0, bytes) / seconds, 1);

    /// <summary>A card of the machine; bridges and containers' ends carry the same bytes again.</summary>
    private static bool IsCard(string name) => Directory.Exists($"/sys/class/net/{name}/device");
}
