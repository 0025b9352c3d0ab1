using Drover.Api;
using Drover.Api.Cattle;
using Drover.Cli.Hosts;
using Drover.Cli.Local;
using Drover.Cli.Output;

namespace Drover.Cli.Doctor;

/// <summary>Looks at everything that an instance on this computer needs and has. Changes nothing unless told to repair.</summary>
/// <remarks>A repair does only what cannot harm: it ends processes and removes files whose executor is dead, and removes the record of a droverd that does not run.</remarks>
internal sealed class Examination(DataFolder data, bool repair, CliContext context)
{
    /// <summary>Below this the machines' disks soon have no room to grow.</summary>
    private static readonly ByteSize s_littleSpace = ByteSize.FromGibibytes(4);

    private readonly ProcessTable _processes = new(context.ProcFolder);

    public async Task<IReadOnlyList<Finding>> RunAsync(CancellationToken cancellationToken)
    {
        var findings = new List<Finding>();
        findings.AddRange(Programs());
        findings.AddRange(Folder());
        findings.AddRange(Images());
        var instance = data.ReadInstance() is { } record && _processes.IsAlive(record.Pid, record.StartTime) ? record : null;
        findings.Add(await ServicesAsync(instance, cancellationToken));
        var ledger = await LocalLedger.ReadAsync(data, repair, context, cancellationToken);
        findings.AddRange(LedgerFindings.Of(ledger));
        if (instance is not null)
        {
            findings.AddRange(await MachinesAsync(instance, ledger, cancellationToken));
        }

        return findings;
    }

    private IEnumerable<Finding> Programs()
    {
        foreach (var program in (string[])[Tools.Qemu, "qemu-img"])
        {
            yield return Tools.Find(program, context) is { } path
                ? Finding.Ok(program, path)
                : new Finding(program, FindingState.Problem, "is not on PATH", "apt-get install qemu-system-x86 qemu-utils – or use simulated machines: up --accel simulated");
        }

        var missing = new[] { "droverd", "drover-executor", "drover-agent" }.Where(p => !File.Exists(Path.Combine(context.ProgramFolder, p))).ToList();
        yield return missing.Count == 0
            ? Finding.Ok("programs", context.ProgramFolder)
            : new Finding("programs", FindingState.Problem, $"{context.ProgramFolder} lacks {string.Join(", ", missing)}", "Run ./drover in a checkout: it builds them.");
        yield return DataFolder.TryRead(Path.Combine(data.MachinesFolder, "accelerator.json"))?.Text("reason") is { } reason
            ? Finding.Ok("accelerator", reason)
            : Finding.Ok("accelerator", File.Exists("/dev/kvm") ? "/dev/kvm exists; whether it works is found out by the first machine" : "there is no /dev/kvm: machines are emulated, about ten times slower");
    }

    private IEnumerable<Finding> Folder()
    {
        if (!Directory.Exists(data.Path))
        {
            yield return Finding.Ok("data folder", $"{data.Path} does not exist: nothing has run here yet");
            yield break;
        }

        var free = new ByteSize(new DriveInfo(data.Path).AvailableFreeSpace);
        yield return free < s_littleSpace
            ? new Finding("disk space", FindingState.Warning, $"{free.ToDisplayString()} are free where {data.Path} lies", "Machines whose disk cannot grow are paused: make room, or use another folder with --data.")
            : Finding.Ok("disk space", $"{free.ToDisplayString()} free for {data.Path}");
        if ((File.GetUnixFileMode(data.Path) & (UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite)) != UnixFileMode.None)
        {
            yield return new Finding("data folder", FindingState.Warning, $"{data.Path} can be read or written by other users", $"It holds keys: chmod 700 {data.Path}");
        }

        if (UpMemory.CacheOf(data) is { } cache)
        {
            yield return Directory.Exists(cache) && File.GetUnixFileMode(cache).HasFlag(UnixFileMode.OtherWrite)
                ? new Finding("cache", FindingState.Warning, $"everybody may write to {cache}: its templates are not used", $"chmod 700 {cache}")
                : Finding.Ok("cache", $"images and templates are kept in {cache}, for every instance that names it");
        }
    }

    private IEnumerable<Finding> Images()
    {
        foreach (var image in new GuestImages(Checkout.Find(context), context.ProgramFolder).List())
        {
            yield return image.Text("state") == "active"
                ? Finding.Ok($"image {image.Text("name")}", $"{new ByteSize(image.Number("size") is { } bytes ? (long)bytes : 0).ToDisplayString()}, made {image.Text("created")}")
                : new Finding($"image {image.Text("name")}", FindingState.Problem, $"{image.Text("folder")} is broken: its files are not what its manifest says", $"drover image verify {image.Text("name")} tells more; drover image build or add makes it anew.");
        }
    }

    private async Task<Finding> ServicesAsync(InstanceRecord? instance, CancellationToken cancellationToken)
    {
        if (instance is not null)
        {
            return await Readiness.AskAsync(instance.Url, context, cancellationToken)
                ? Finding.Ok("services", $"droverd {instance.Version} (process {instance.Pid}) answers at {instance.Url.GetLeftPart(UriPartial.Authority)}")
                : new Finding("services", FindingState.Problem, $"droverd (process {instance.Pid}) does not answer at {instance.Url.GetLeftPart(UriPartial.Authority)}", $"See {data.LogFile}; '{context.Called} down --keep-hosts' and '{context.Called} up' start it anew.");
        }

        if (_processes.DaemonOf(data) is { } starting)
        {
            return new Finding("services", FindingState.Warning, $"droverd (process {starting.Pid}) is starting or stopping", "Look again in a moment.");
        }

        if (!File.Exists(data.InstanceFile))
        {
            return Finding.Ok("services", "nothing runs on this folder");
        }

        if (repair)
        {
            File.Delete(data.InstanceFile);
            return new Finding("services", FindingState.Repaired, "removed the record of a droverd that had died");
        }

        return new Finding("services", FindingState.Problem, "droverd died without stopping cleanly", $"'{context.Called} up' starts it again and finds its machines.");
    }

    private async Task<IReadOnlyList<Finding>> MachinesAsync(InstanceRecord instance, LocalLedger ledger, CancellationToken cancellationToken)
    {
        try
        {
            using var server = LocalServer.Connect(data, instance, context);
            var rows = new List<HostRow>();
            foreach (var environment in await server.Api.ListAsync("projects", [new("all", "true")], cancellationToken))
            {
                rows.AddRange((await new HostDirectory(server.Api.ForProject(environment.Id)).ListAsync(cancellationToken)).Where(r => r.Machine is not null));
            }

            var onCluster = DataFolder.TryRead(data.MemoryFile)?.Text("mesos") is not null;
            return [.. LedgerFindings.Against(rows, onCluster ? null : ledger)];
        }
        catch (Exception e) when (e is CattleException or CliFailure)
        {
            return [new Finding("machines", FindingState.Problem, $"the server could not be asked for its machines: {e.Message}")];
        }
    }
}
