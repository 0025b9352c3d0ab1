using System.Text.Json;
using Drover.Api.Machines;
using Drover.Executor.Machines;
using Drover.Executor.Processes;

namespace Drover.Executor.Usage;

/// <summary>Measures a machine's process every few seconds and keeps the last five minutes in a file of the sandbox. The file goes with the machine.</summary>
/// <remarks>A file, because it costs nobody anything until somebody looks: status updates are stored and acknowledged on every hop.</remarks>
/// <param name="tap">The name of the tap that the guest's card is plugged into; null where there is none.</param>
internal sealed class UsageSampler(MachineContext context, IMachine machine, string? tap)
{
    private const int Kept = 60;

    private readonly List<MachineUsage> samples = [];
    private Reading? last;
    private int lastPid;

    private string FilePath => Path.Combine(context.Sandbox, MachineUsageFile.FileName);

    /// <summary>Measures until cancelled.</summary>
    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        if (machine.Process is null)
        {
            return;
        }

        using var timer = new PeriodicTimer(context.Options.UsageInterval, context.Time);
        try
        {
            do
            {
                await SampleAsync(cancellationToken);
            }
            while (await timer.WaitForNextTickAsync(cancellationToken));
        }
        catch (OperationCanceledException)
        {
            // The machine is ending.
        }
        finally
        {
            File.Delete(FilePath);
        }
    }

    private async Task SampleAsync(CancellationToken cancellationToken)
    {
        // A simulated machine that was off has another process than before; its counters begin anew.
        if (machine.Process?.Pid is not { } pid)
        {
            return;
        }

        if (pid != lastPid)
        {
            (last, lastPid) = (null, pid);
        }

        try
        {
            var now = await ReadAsync(pid, cancellationToken);
            if (last is { } before)
            {
                samples.Add(Between(before, now));
                if (samples.Count > Kept)
                {
                    samples.RemoveAt(0);
                }

                File.WriteAllBytes(FilePath + ".new", JsonSerializer.SerializeToUtf8Bytes(new MachineUsageFile { Samples = samples }, MachineJson.Default.MachineUsageFile));
                File.Move(FilePath + ".new", FilePath, overwrite: true);
            }

            last = now;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or MachineException or FormatException)
        {
            // A machine that just ends, or a full disk: a gap in the curve.
        }
    }

    /// <summary>Pure: two readings make a sample.</summary>
    internal static MachineUsage Between(Reading before, Reading now)
    {
        var seconds = Math.Max(0.001, (now.At - before.At).TotalSeconds);
        double Rate(long from, long to) => Math.Round(Math.Max(0, to - from) / seconds, 1);
        return new MachineUsage
        {
            At = now.At,
            CpuPercent = Math.Round(Math.Max(0, (now.Cpu - before.Cpu).TotalSeconds) / seconds * 100, 1),
            MemoryBytes = now.Memory.Proportional,
            ResidentBytes = now.Memory.Resident,
            DiskBytes = now.DiskFiles,
            DiskRead = Rate(before.Disk.ReadBytes, now.Disk.ReadBytes),
            DiskWrite = Rate(before.Disk.WrittenBytes, now.Disk.WrittenBytes),
            DiskOperations = Rate(before.Disk.Operations, now.Disk.Operations),

            // What the computer sends into the tap is what the guest receives.
            NetworkReceived = before.Tap is { } had && now.Tap is { } has ? Rate(had.SentBytes, has.SentBytes) : null,
            NetworkSent = before.Tap is { } then && now.Tap is { } current ? Rate(then.ReceivedBytes, current.ReceivedBytes) : null,
        };
    }

    private async Task<Reading> ReadAsync(int pid, CancellationToken cancellationToken)
    {
        var disk = await machine.Controls.DiskCountersAsync(cancellationToken);
        return new Reading(context.Time.GetUtcNow(), ProcessUsage.CpuOf(pid), ProcessUsage.MemoryOf(pid), disk, Directory.EnumerateFiles(context.Sandbox, "*.qcow2").Sum(FileSync.AllocatedBytes))
        {
            Tap = tap is null ? null : TapCounters.Of(tap),
        };
    }
}

/// <summary>Counters at one moment.</summary>
internal sealed record Reading(DateTimeOffset At, TimeSpan Cpu, ProcessMemory Memory, DiskCounters Disk, long DiskFiles)
{
    public TapCounters? Tap { get; init; }
}

/// <summary>Since the machine was switched on, of all its disks.</summary>
internal sealed record DiskCounters(long ReadBytes, long WrittenBytes, long Operations);
