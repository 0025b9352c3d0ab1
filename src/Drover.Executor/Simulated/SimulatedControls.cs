using Drover.Api.Machines;
using Drover.Executor.Commands;
using Drover.Executor.Machines;
using Drover.Executor.Usage;

namespace Drover.Executor.Simulated;

/// <summary>Switches a simulated machine by ending and starting its guest's agent. The guest's folder is its disk, and snapshots are copies of it.</summary>
internal sealed class SimulatedControls(MachineContext context, Simulation knobs, SimulatedMachine machine) : IMachineControls
{
    internal const string SnapshotFolder = "snapshots";

    private string Disk => Path.Combine(context.Sandbox, SimulatedDriver.GuestFolder);

    public async Task<bool> HaltAsync(TimeSpan grace, CancellationToken cancellationToken)
    {
        var shutdown = TimeSpan.FromMilliseconds(knobs.ShutdownMilliseconds);
        var obeys = grace >= shutdown;
        await Task.Delay(obeys ? shutdown : grace, context.Time, cancellationToken);
        await machine.HaltAsync();
        return obeys && grace > TimeSpan.Zero;
    }

    public async Task ResetAsync(CancellationToken cancellationToken)
    {
        await machine.HaltAsync();
        await Task.Delay(TimeSpan.FromMilliseconds(knobs.BootMilliseconds), context.Time, cancellationToken);
        await machine.ResumeAsync();
    }

    public Task GrowDiskAsync(long bytes, CancellationToken cancellationToken) => Note($"the disk has {bytes} bytes");

    public Task LimitDisksAsync(MachineLimits limits, CancellationToken cancellationToken) => Note($"disk limits: {limits.DiskBytes} bytes, {limits.DiskOperations} operations per second");

    public Task ForwardAsync(IReadOnlyList<PortForward> forwards, CancellationToken cancellationToken) => Note($"ports: {string.Join(", ", forwards)}");

    public Task<IReadOnlyDictionary<string, string>> CopyDisksAsync(CancellationToken cancellationToken)
    {
        var copy = Path.Combine(context.Sandbox, DiskCopy.Prefix + SimulatedDriver.GuestFolder);
        Copy(Disk, copy);
        return Task.FromResult<IReadOnlyDictionary<string, string>>(new Dictionary<string, string>(StringComparer.Ordinal) { [SimulatedDriver.GuestFolder] = copy });
    }

    public Task SnapshotAsync(string name, CancellationToken cancellationToken)
    {
        var folder = PathOf(name);
        if (Directory.Exists(folder))
        {
            throw new MachineException($"The disk has a snapshot '{name}' already.");
        }

        Copy(Disk, folder);
        Directory.SetLastWriteTimeUtc(folder, context.Time.GetUtcNow().UtcDateTime);
        return Task.CompletedTask;
    }

    public Task RestoreAsync(string name, CancellationToken cancellationToken)
    {
        Directory.Delete(Disk, recursive: true);
        Copy(PathOf(name), Disk);
        return Task.CompletedTask;
    }

    public Task RemoveSnapshotAsync(string name, CancellationToken cancellationToken)
    {
        if (!Directory.Exists(PathOf(name)))
        {
            throw new MachineException($"The disk has no snapshot '{name}'.");
        }

        Directory.Delete(PathOf(name), recursive: true);
        return Task.CompletedTask;
    }

    public Task<DiskCounters> DiskCountersAsync(CancellationToken cancellationToken) => Task.FromResult(new DiskCounters(0, 0, 0));

    public Task<IReadOnlyList<DiskSnapshot>> SnapshotsAsync(CancellationToken cancellationToken)
    {
        var all = new DirectoryInfo(PathOf(""));
        return Task.FromResult<IReadOnlyList<DiskSnapshot>>(all.Exists
            ? [.. all.EnumerateDirectories().Select(d => new DiskSnapshot(d.Name, d.LastWriteTimeUtc)).OrderBy(s => s.Created)]
            : []);
    }

    private string PathOf(string name) => Path.Combine(context.Sandbox, SnapshotFolder, name);

    private Task Note(string text)
    {
        context.Console.AppendLine($"[simulated] {text}");
        return Task.CompletedTask;
    }

    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var file in Directory.EnumerateFiles(from))
        {
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        }

        foreach (var folder in Directory.EnumerateDirectories(from))
        {
            Copy(folder, Path.Combine(to, Path.GetFileName(folder)));
        }
    }
}
