using System.Globalization;
using System.Text.Json;
using Drover.Api.Machines;
using Drover.Executor.Commands;
using Drover.Executor.Disks;
using Drover.Executor.Machines;
using Drover.Executor.Processes;
using Drover.Executor.Usage;

namespace Drover.Executor.Qemu;

/// <summary>Switches a machine and changes its disk through QEMU's monitor. The QEMU process goes on; its guest does not notice more than a computer's would.</summary>
/// <remarks>
/// Off is QEMU's state <c>shutdown</c> (the guest powered down under <c>-action shutdown=pause</c>) or <c>paused</c> (it did not, and its CPUs were
/// stopped). From both a reset and <c>cont</c> begin anew with firmware or kernel, as libvirt does it.
/// Snapshots live inside the disk's own qcow2 file: they cost what is written after them, and go with the machine.
/// </remarks>
internal sealed class QemuControls(MachineContext context, ProcessUser? user, Func<QmpClient> monitor) : IMachineControls
{
    private readonly QemuDiskCopy copying = new(context, user, (command, arguments, token) => monitor().ExecuteAsync(command, arguments, token));

    /// <summary>The object that a limit is set on, by the device's id.</summary>
    private static string BackendOf(string device) => $"/machine/peripheral/{device}/virtio-backend";

    private readonly List<PortForward> open = [];
    private volatile TaskCompletionSource? halted;

    /// <summary>Takes QEMU's word that the guest powered down. False when nobody asked for that.</summary>
    internal bool PoweredDown() => halted?.TrySetResult() ?? false;

    /// <summary>Takes QEMU's word that a job on disks is over.</summary>
    internal void JobEnded(string job, string? error) => copying.JobEnded(job, error);

    public async Task<bool> HaltAsync(TimeSpan grace, CancellationToken cancellationToken)
    {
        var down = halted = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await SetShutdownAsync("pause", cancellationToken);
        if (grace > TimeSpan.Zero)
        {
            await Ask("system_powerdown", null, cancellationToken);
            try
            {
                await down.Task.WaitAsync(grace, context.Time, cancellationToken);
                return true;
            }
            catch (TimeoutException)
            {
                // It did not listen, or takes too long.
            }
        }

        await Ask("stop", null, cancellationToken);
        return false;
    }

    public async Task ResetAsync(CancellationToken cancellationToken)
    {
        // Firmware may reset once more on its way: that must not end QEMU. A guest that powers itself off must, as before.
        await Ask("set-action", a => a.WriteString("reboot", "reset"), cancellationToken);
        await Ask("system_reset", null, cancellationToken);
        await SetShutdownAsync("poweroff", cancellationToken);
        halted = null;
        await Ask("cont", null, cancellationToken);
    }

    public async Task GrowDiskAsync(long bytes, CancellationToken cancellationToken) =>
        await Ask("block_resize", a => { a.WriteString("node-name", QemuPlan.DiskNode); a.WriteNumber("size", bytes); }, cancellationToken);

    public async Task LimitDisksAsync(MachineLimits limits, CancellationToken cancellationToken)
    {
        foreach (var device in QemuPlan.DiskDevices(context.Task))
        {
            await Ask("block_set_io_throttle", a =>
            {
                a.WriteString("id", BackendOf(device));
                a.WriteNumber("bps", limits.DiskBytes ?? 0);
                a.WriteNumber("iops", limits.DiskOperations ?? 0);
                foreach (var single in new[] { "bps_rd", "bps_wr", "iops_rd", "iops_wr" })
                {
                    a.WriteNumber(single, 0);
                }
            }, cancellationToken);
        }
    }

    /// <summary>By QEMU's own user network; the monitor for people is the only one that has words for it, and whatever it says is a complaint.</summary>
    public async Task ForwardAsync(IReadOnlyList<PortForward> forwards, CancellationToken cancellationToken)
    {
        if (!(await TellAsync("info network", cancellationToken)).Contains("net0: index=0,type=user", StringComparison.Ordinal))
        {
            throw new MachineException("Ports are forwarded in the network user only: in nat and on a bridge the machine is reached by its address, at any port.");
        }

        foreach (var over in open.Except(forwards).ToList())
        {
            await TellAsync(string.Create(CultureInfo.InvariantCulture, $"hostfwd_remove net0 tcp:127.0.0.1:{over.Listen}"), cancellationToken);
            open.Remove(over);
        }

        foreach (var forward in forwards.Except(open).ToList())
        {
            var said = await TellAsync(string.Create(CultureInfo.InvariantCulture, $"hostfwd_add net0 tcp:127.0.0.1:{forward.Listen}-:{forward.Port}"), cancellationToken);
            if (said.Length > 0)
            {
                throw new MachineException($"The port {forward.Listen} of the machine's computer cannot be opened; most likely something listens on it already ({said}).");
            }

            open.Add(forward);
        }
    }

    public Task<IReadOnlyDictionary<string, string>> CopyDisksAsync(CancellationToken cancellationToken) => copying.RunAsync(cancellationToken);

    public async Task SnapshotAsync(string name, CancellationToken cancellationToken) =>
        await Ask("blockdev-snapshot-internal-sync", a => { a.WriteString("device", QemuPlan.DiskNode); a.WriteString("name", name); }, cancellationToken);

    public async Task RemoveSnapshotAsync(string name, CancellationToken cancellationToken) =>
        await Ask("blockdev-snapshot-delete-internal-sync", a => { a.WriteString("device", QemuPlan.DiskNode); a.WriteString("name", name); }, cancellationToken);

    /// <summary>QEMU cannot go back by itself without the machine's memory, so the disk's file is taken out of it for a moment: the card keeps an empty stand-in.</summary>
    public async Task RestoreAsync(string name, CancellationToken cancellationToken)
    {
        var (node, file, bytes) = await DiskOptionsAsync(cancellationToken);
        await Ask("blockdev-add", a => { a.WriteString("driver", "null-co"); a.WriteString("node-name", "nothing"); a.WriteNumber("size", 1L << 30); }, cancellationToken);
        await PlugAsync("nothing", cancellationToken);
        try
        {
            await DropAsync(QemuPlan.DiskNode, cancellationToken);
            await DropAsync(QemuPlan.DiskFileNode, cancellationToken);
            await OverlayDisk.RevertAsync(context.Options.QemuImageProgram, context.Sandbox, name, user, cancellationToken);
        }
        finally
        {
            await Ask("blockdev-add", file, CancellationToken.None);
            await Ask("blockdev-add", node, CancellationToken.None);
            await PlugAsync(QemuPlan.DiskNode, CancellationToken.None);
            await DropAsync("nothing", CancellationToken.None);

            // A snapshot holds the disk's size too; a disk that has grown since stays as large as it was paid for.
            await GrowDiskAsync(bytes, CancellationToken.None);
        }
    }

    public async Task<DiskCounters> DiskCountersAsync(CancellationToken cancellationToken)
    {
        var all = (await Ask("query-blockstats", null, cancellationToken)).EnumerateArray().Select(device => device.GetProperty("stats")).ToList();
        long Sum(string name) => all.Sum(stats => stats.GetProperty(name).GetInt64());
        return new DiskCounters(Sum("rd_bytes"), Sum("wr_bytes"), Sum("rd_operations") + Sum("wr_operations"));
    }

    public async Task<IReadOnlyList<DiskSnapshot>> SnapshotsAsync(CancellationToken cancellationToken)
    {
        var nodes = await Ask("query-named-block-nodes", a => a.WriteBoolean("flat", true), cancellationToken);
        var disk = nodes.EnumerateArray().First(n => n.GetProperty("node-name").GetString() == QemuPlan.DiskNode);
        return disk.GetProperty("image").TryGetProperty("snapshots", out var snapshots)
            ? [.. snapshots.EnumerateArray().Select(s => new DiskSnapshot(s.GetProperty("name").GetString()!, DateTimeOffset.FromUnixTimeSeconds(s.GetProperty("date-sec").GetInt64()))).OrderBy(s => s.Created)]
            : [];
    }

    /// <summary>The same nodes as on the command line. What lies beneath the disk is a node of its own and stays.</summary>
    private async Task<(Action<Utf8JsonWriter> Node, Action<Utf8JsonWriter> File, long Bytes)> DiskOptionsAsync(CancellationToken cancellationToken)
    {
        var nodes = await Ask("query-named-block-nodes", a => a.WriteBoolean("flat", true), cancellationToken);
        var names = nodes.EnumerateArray().Select(n => n.GetProperty("node-name").GetString()).ToHashSet(StringComparer.Ordinal);
        var beneath = names.Contains(QemuPlan.TemplateNode) ? QemuPlan.TemplateNode : QemuPlan.BaseNode;
        var disk = nodes.EnumerateArray().First(n => n.GetProperty("node-name").GetString() == QemuPlan.DiskNode);
        return (
            a =>
            {
                a.WriteString("driver", "qcow2");
                a.WriteString("node-name", QemuPlan.DiskNode);
                a.WriteString("file", QemuPlan.DiskFileNode);
                a.WriteString("backing", beneath);
                a.WriteString("discard", "unmap");
                a.WriteString("detect-zeroes", "unmap");
            },
            a =>
            {
                a.WriteString("driver", "file");
                a.WriteString("node-name", QemuPlan.DiskFileNode);
                a.WriteString("filename", OverlayDisk.FileName);
                a.WriteString("discard", "unmap");
            },
            disk.GetProperty("image").GetProperty("virtual-size").GetInt64());
    }

    private async Task PlugAsync(string node, CancellationToken cancellationToken) =>
        await Ask("qom-set", a => { a.WriteString("path", $"/machine/peripheral/{QemuPlan.DiskDevice}"); a.WriteString("property", "drive"); a.WriteString("value", node); }, cancellationToken);

    private async Task DropAsync(string node, CancellationToken cancellationToken) =>
        await Ask("blockdev-del", a => a.WriteString("node-name", node), cancellationToken);

    private async Task SetShutdownAsync(string action, CancellationToken cancellationToken) =>
        await Ask("set-action", a => a.WriteString("shutdown", action), cancellationToken);

    private async Task<string> TellAsync(string line, CancellationToken cancellationToken) =>
        (await Ask("human-monitor-command", a => a.WriteString("command-line", line), cancellationToken)).GetString()?.Trim() ?? "";

    private Task<JsonElement> Ask(string command, Action<Utf8JsonWriter>? arguments, CancellationToken cancellationToken) =>
        monitor().ExecuteAsync(command, arguments, cancellationToken);
}
