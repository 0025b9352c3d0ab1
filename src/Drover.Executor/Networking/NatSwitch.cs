using System.Globalization;
using System.Text.Json;
using Drover.Executor.Machines;
using Drover.Executor.Processes;

namespace Drover.Executor.Networking;

/// <summary>The bridge, packet filter and dnsmasq that the nat machines of a state folder share. Every caller holds the lock of <see cref="NetworkFolder"/>.</summary>
/// <remarks>
/// <see cref="EnsureAsync"/> brings about whatever is missing, from whatever state a death left; <see cref="UndoAsync"/> takes everything away and the record last.
/// Nothing of anybody else's is touched: bridge and table are ours by the record, and the bridge by its hardware address as well; forwarding is switched on
/// only where it is off, which is said and written down.
/// </remarks>
internal sealed class NatSwitch(string stateDirectory, ExecutorOptions options, TimeProvider time)
{
    private const string Forwarding = "/proc/sys/net/ipv4/ip_forward";
    private static readonly TimeSpan LongestEnd = TimeSpan.FromSeconds(5);
    private readonly string state = Path.GetFullPath(stateDirectory);

    private string Folder => Path.Combine(state, "networks");

    private string RecordFile => Path.Combine(Folder, "nat.json");

    /// <summary>What is there, or is being made or undone; null when there is nothing.</summary>
    internal NatPlan? Current
    {
        get
        {
            try
            {
                return new NatPlan(JsonSerializer.Deserialize(File.ReadAllBytes(RecordFile), NetworkJson.Default.NatRecord)!, state);
            }
            catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
            {
                return null;
            }
        }
    }

    /// <summary>Makes everything that is missing for these users.</summary>
    /// <exception cref="MachineException">It cannot be had here, and why.</exception>
    internal async Task<NatPlan> EnsureAsync(IReadOnlyList<NetworkUse> uses, IProgress<string> progress, CancellationToken cancellationToken)
    {
        var plan = await ChooseAsync(cancellationToken);
        await EnsureBridgeAsync(plan, cancellationToken);
        plan = EnsureForwarding(plan, progress);
        await EnsureRulesAsync(plan, uses, cancellationToken);
        WriteNames(plan, uses);
        await EnsureNamesAsync(plan, cancellationToken);
        return plan;
    }

    /// <summary>Tells dnsmasq and the filter who is there now.</summary>
    internal async Task UpdateAsync(NatPlan plan, IReadOnlyList<NetworkUse> uses, CancellationToken cancellationToken)
    {
        WriteNames(plan, uses);
        await EnsureNamesAsync(plan, cancellationToken);
    }

    /// <summary>Whether the parts that may die by themselves live.</summary>
    internal static bool IsWhole(NatPlan plan) => DnsmasqOf(plan) is not null && IsOurs(plan);

    /// <summary>Takes everything away again. May be called when nothing is there, or half of it.</summary>
    internal async Task UndoAsync(CancellationToken cancellationToken)
    {
        if (Current is not { } plan)
        {
            return;
        }

        Reached("nat.undo");
        await EndDnsmasqAsync(plan, cancellationToken);
        Reached("nat.undo-rules");
        await NetworkTool.RunAsync("nft", ["-f", WriteFile("nat.nft", $"add table inet {plan.Record.Bridge}\ndelete table inet {plan.Record.Bridge}\n")], cancellationToken);
        Reached("nat.undo-bridge");
        if (IsOurs(plan))
        {
            await NetworkTool.RunAsync("ip", ["link", "delete", "dev", plan.Record.Bridge], cancellationToken);
        }

        Reached("nat.undo-forwarding");
        if (plan.Record.ForwardingWasOff && !OtherBridges(plan).Any())
        {
            File.WriteAllText(Forwarding, "0");
        }

        Reached("nat.undo-record");
        if (Directory.Exists(plan.NamesFolder))
        {
            Directory.Delete(plan.NamesFolder, recursive: true);
        }

        File.Delete(Path.Combine(Folder, "nat.nft"));
        File.Delete(Path.Combine(Folder, "dnsmasq.pid"));
        File.Delete(RecordFile);
    }

    internal static IReadOnlyList<NetworkUse> UsersOf(IEnumerable<NetworkUse> uses) => [.. uses.Where(use => use.Network == NatNetwork.Name)];

    /// <summary>The dnsmasq of this plan, wherever it is in its start; null when none runs.</summary>
    internal static int? DnsmasqOf(NatPlan plan)
    {
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) && CommandLine(folder).Contains(plan.PidFileArgument, StringComparer.Ordinal))
            {
                return pid;
            }
        }

        return null;
    }

    /// <summary>What there is, or what it shall be, with its bridge made so that no other instance takes the same.</summary>
    internal async Task<NatPlan> ChooseAsync(CancellationToken cancellationToken)
    {
        if (Current is { } plan)
        {
            return plan;
        }

        // Other instances on this computer choose as well.
        Directory.CreateDirectory(Path.GetDirectoryName(NatPlan.NamesFolderOf(state))!);
        using var turn = FileLock.Open("/run/drover/lock");
        await turn.TakeAsync(exclusive: true, time, null, cancellationToken);
        var tables = await NetworkTool.RunAsync("nft", ["list", "tables"], cancellationToken);
        var taken = tables.Split('\n', StringSplitOptions.TrimEntries).Select(line => line.Split(' ')[^1]).Concat(Directory.EnumerateFileSystemEntries("/sys/class/net").Select(Path.GetFileName).OfType<string>()).ToList();
        var record = NatPlan.Choose(taken, [.. Subnet.Routes(await File.ReadAllTextAsync("/proc/net/route", cancellationToken)).Select(route => route.Network)])
            ?? throw new MachineException("No network of 10.66.0.0/24 to 10.155.0.0/24 is free on this computer: every one overlaps with one of its routes. Use the network user.");
        Write(record);
        await EnsureBridgeAsync(new NatPlan(record, state), cancellationToken);
        return new NatPlan(record, state);
    }

    private async Task EnsureBridgeAsync(NatPlan plan, CancellationToken cancellationToken)
    {
        var exists = Directory.Exists($"/sys/class/net/{plan.Record.Bridge}");
        if (exists && !IsOurs(plan))
        {
            throw new MachineException($"The network device '{plan.Record.Bridge}' is not the one that Drover made: somebody replaced it. Remove it, or remove '{RecordFile}' to have another one made.");
        }

        foreach (var command in plan.Bridge.Skip(exists ? 1 : 0))
        {
            Reached("nat.bridge");
            await NetworkTool.RunAsync("ip", command, cancellationToken);
        }

        foreach (var (path, value) in plan.BridgeSettings.Where(setting => File.Exists(setting.Key)))
        {
            await File.WriteAllTextAsync(path, value, cancellationToken);
        }
    }

    private NatPlan EnsureForwarding(NatPlan plan, IProgress<string> progress)
    {
        if (File.ReadAllText(Forwarding).Trim() != "0")
        {
            return plan;
        }

        var changed = plan with { Record = plan.Record with { ForwardingWasOff = true } };
        Write(changed.Record);
        Reached("nat.forwarding");
        try
        {
            File.WriteAllText(Forwarding, "1");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new MachineException($"nat needs IPv4 forwarding, which is off on this computer and cannot be switched on: {e.Message}", e);
        }

        progress.Report("IPv4 forwarding (net.ipv4.ip_forward) was off on this computer and is on now, until its last nat machine is gone.");
        return changed;
    }

    private async Task EnsureRulesAsync(NatPlan plan, IReadOnlyList<NetworkUse> uses, CancellationToken cancellationToken)
    {
        Reached("nat.rules");
        await NetworkTool.RunAsync("nft", ["-f", WriteFile("nat.nft", plan.Rules(uses.Select(use => use.ControlPort).OfType<int>()))], cancellationToken);
    }

    private async Task EnsureNamesAsync(NatPlan plan, CancellationToken cancellationToken)
    {
        if (DnsmasqOf(plan) is { } pid)
        {
            const int ReadAgain = 1;
            _ = LibC.Kill(pid, ReadAgain);
            return;
        }

        Reached("nat.dnsmasq");
        await NetworkTool.RunAsync("dnsmasq", plan.Dnsmasq, cancellationToken);
    }

    private static void WriteNames(NatPlan plan, IReadOnlyList<NetworkUse> uses)
    {
        const UnixFileMode Readable = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
        const UnixFileMode Enterable = Readable | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
        Directory.CreateDirectory(plan.NamesFolder);
        File.SetUnixFileMode(plan.NamesFolder, Enterable);
        File.SetUnixFileMode(Path.GetDirectoryName(plan.NamesFolder)!, Enterable);
        foreach (var (name, text) in new[] { ("hosts", NatPlan.Hosts(uses)), ("cards", NatPlan.Cards(uses)) })
        {
            var path = Path.Combine(plan.NamesFolder, name);
            File.WriteAllText(path + ".new", text);
            File.SetUnixFileMode(path + ".new", Readable);
            File.Move(path + ".new", path, overwrite: true);
        }
    }

    private async Task EndDnsmasqAsync(NatPlan plan, CancellationToken cancellationToken)
    {
        var limit = time.GetUtcNow() + LongestEnd;
        for (var signal = LibC.SigTerm; DnsmasqOf(plan) is { } pid; signal = time.GetUtcNow() > limit ? LibC.SigKill : 0)
        {
            _ = LibC.Kill(pid, signal);
            await Task.Delay(TimeSpan.FromMilliseconds(10), time, cancellationToken);
        }
    }

    private static bool IsOurs(NatPlan plan)
    {
        try
        {
            return File.ReadAllText($"/sys/class/net/{plan.Record.Bridge}/address").Trim() == plan.BridgeMac;
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <summary>Bridges of other instances, which need forwarding as well.</summary>
    private static IEnumerable<string> OtherBridges(NatPlan plan) =>
        Directory.EnumerateFileSystemEntries("/sys/class/net", "drover*").Select(path => Path.GetFileName(path)).Where(name => name != plan.Record.Bridge);

    private static string[] CommandLine(string processFolder)
    {
        try
        {
            return File.ReadAllText(Path.Combine(processFolder, "cmdline")).Split('\0');
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private void Write(NatRecord record)
    {
        Reached("nat.record");
        var path = RecordFile;
        File.WriteAllBytes(path + ".new", JsonSerializer.SerializeToUtf8Bytes(record, NetworkJson.Default.NatRecord));
        File.Move(path + ".new", path, overwrite: true);
    }

    private string WriteFile(string name, string text)
    {
        var path = Path.Combine(Folder, name);
        File.WriteAllText(path, text);
        return path;
    }

    private void Reached(string step) => options.Reached?.Invoke($"{step}:before");
}
