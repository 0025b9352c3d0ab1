using System.Text.Json;
using Drover.Executor.Commands;
using Drover.Executor.Disks;
using Drover.Executor.Machines;
using Drover.Executor.Processes;

namespace Drover.Executor.Qemu;

/// <summary>Copies all disks of a machine as they are at one moment, while it goes on. Only what the disks themselves hold is copied: what lies beneath stays shared.</summary>
internal sealed class QemuDiskCopy(MachineContext context, ProcessUser? user, Func<string, Action<Utf8JsonWriter>?, CancellationToken, Task<JsonElement>> ask)
{
    private readonly Dictionary<string, TaskCompletionSource<string?>> jobs = new(StringComparer.Ordinal);

    /// <summary>QEMU says that a job is over.</summary>
    internal void JobEnded(string job, string? error)
    {
        lock (jobs)
        {
            if (jobs.TryGetValue(job, out var waiting))
            {
                waiting.TrySetResult(error);
            }
        }
    }

    /// <returns>The copies' paths by the names that the disks have.</returns>
    internal async Task<IReadOnlyDictionary<string, string>> RunAsync(CancellationToken cancellationToken)
    {
        var copies = new List<(string Node, string Target, string File)>();
        var files = new Dictionary<string, string>(StringComparer.Ordinal);
        try
        {
            foreach (var (node, name) in Disks())
            {
                var file = DiskCopy.Prefix + name;
                var path = Path.Combine(context.Sandbox, file);
                File.Delete(path);
                await OverlayDisk.CreateEmptyAsync(context.Options.QemuImageProgram, path, await SizeAsync(node, cancellationToken), cancellationToken);
                SandboxAccess.Give(context.Sandbox, user, file);
                copies.Add((node, $"copy-of-{node}", file));
                files[name] = path;
                await ask("blockdev-add", a => WriteTarget(a, $"copy-of-{node}", file), cancellationToken);
            }

            await BackUpAsync([.. copies.Select(copy => (copy.Node, copy.Target))], cancellationToken);
        }
        finally
        {
            foreach (var (_, target, _) in copies)
            {
                await DropAsync(target);
            }
        }

        return files;
    }

    private IEnumerable<(string Node, string Name)> Disks() =>
        [(QemuPlan.DiskNode, OverlayDisk.FileName), .. context.Task.Disks.Select((disk, number) => (QemuPlan.ExtraNode(number), OverlayDisk.ExtraFileName(disk)))];

    /// <summary>One transaction: all disks are copied as they are when it begins.</summary>
    private async Task BackUpAsync(IReadOnlyList<(string Node, string Target)> copies, CancellationToken cancellationToken)
    {
        var ends = new List<Task<string?>>();
        lock (jobs)
        {
            jobs.Clear();
            foreach (var (node, _) in copies)
            {
                ends.Add((jobs[Job(node)] = new(TaskCreationOptions.RunContinuationsAsynchronously)).Task);
            }
        }

        await ask(
            "transaction",
            a =>
            {
                a.WriteStartArray("actions");
                foreach (var (node, target) in copies)
                {
                    a.WriteStartObject();
                    a.WriteString("type", "blockdev-backup");
                    a.WriteStartObject("data");
                    a.WriteString("job-id", Job(node));
                    a.WriteString("device", node);
                    a.WriteString("target", target);
                    a.WriteString("sync", "top");
                    a.WriteEndObject();
                    a.WriteEndObject();
                }

                a.WriteEndArray();
            },
            cancellationToken);
        try
        {
            foreach (var error in await Task.WhenAll(ends).WaitAsync(cancellationToken))
            {
                if (error is not null)
                {
                    throw new MachineException($"The disk cannot be copied: {error}");
                }
            }
        }
        catch (OperationCanceledException)
        {
            foreach (var (node, _) in copies)
            {
                await TryAsync(() => ask("block-job-cancel", a => { a.WriteString("device", Job(node)); a.WriteBoolean("force", true); }, CancellationToken.None));
            }

            throw;
        }
    }

    private async Task<long> SizeAsync(string node, CancellationToken cancellationToken)
    {
        var nodes = await ask("query-named-block-nodes", a => a.WriteBoolean("flat", true), cancellationToken);
        return nodes.EnumerateArray().First(n => n.GetProperty("node-name").GetString() == node).GetProperty("image").GetProperty("virtual-size").GetInt64();
    }

    private Task DropAsync(string node) => TryAsync(() => ask("blockdev-del", a => a.WriteString("node-name", node), CancellationToken.None));

    private static async Task TryAsync(Func<Task> act)
    {
        try
        {
            await act();
        }
        catch (Exception e) when (e is MachineException or IOException)
        {
            // It never came that far, or the machine is going.
        }
    }

    private static void WriteTarget(Utf8JsonWriter a, string node, string file)
    {
        a.WriteString("driver", "qcow2");
        a.WriteString("node-name", node);
        a.WriteNull("backing");
        a.WriteStartObject("file");
        a.WriteString("driver", "file");
        a.WriteString("filename", file);
        a.WriteEndObject();
    }

    private static string Job(string node) => $"copy-{node}";
}
