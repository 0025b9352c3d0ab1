using System.Diagnostics;
using Drover.Cli.Local;
using Drover.Testing;

namespace Drover.Cli.Tests.Local;

/// <summary>Alone: a child that another test is just starting has, for a moment, copies of this process' sockets.</summary>
[Collection(nameof(Alone))]
public sealed class ProcessTableTests : IDisposable
{
    private readonly DirectoryInfo _proc = Directory.CreateTempSubdirectory("drover-cli-test-");

    [Fact]
    public void IsAlive_ThisProcess_WithItsOwnStartTimeOnly()
    {
        var table = new ProcessTable("/proc");
        var started = table.StartTimeOf(Environment.ProcessId);
        Assert.NotNull(started);
        Assert.True(table.IsAlive(Environment.ProcessId, started.Value));
        Assert.False(table.IsAlive(Environment.ProcessId, started.Value + 1));
    }

    [Theory]
    [InlineData("7 (droverd) S", 42L)]
    [InlineData("7 (odd ) name (x) R", 42L)]
    [InlineData("7 (droverd) Z", null)]
    public void StartTime_IsField22_WhateverTheName_AndNoneForTheDead(string begin, long? ticks)
    {
        Write(7, $"{begin} {string.Join(' ', Enumerable.Range(4, 18))} 42 23 24\n", "droverd");
        Assert.Equal(ticks, new ProcessTable(_proc.FullName).StartTimeOf(7));
    }

    [Fact]
    public void OfInstance_OurProgramsThatCarryTheFolder_AndNobodyElses()
    {
        Write(1, Alive, "droverd", "--data", "/data/a", "--listen", "127.0.0.1:8080");
        Write(2, Alive, "./drover-executor", "--state", "/data/a/machines");
        Write(3, Alive, "/usr/bin/qemu-system-x86_64", "-drive", "file=/data/a/mesos/disk.qcow2,if=none");
        Write(4, Alive, "droverd", "--data", "/data/ab");
        Write(5, Alive, "vi", "/data/a/droverd.log");
        Write(6, Alive, "/usr/bin/qemu-system-x86_64", "-drive", "file=/home/data/a/x.qcow2");
        Write(7, Alive, "drover-agent", "--channel", "/elsewhere", "--state", "/data/a");
        Write(8, Alive, "./drover-executor", "--state", "/data/b/machines", "--cache", "/data/a/machines");
        _proc.CreateSubdirectory("self");

        Assert.Equal([1, 2, 3, 7], new ProcessTable(_proc.FullName).OfInstance(new DataFolder("/data/a")).Select(p => p.Pid).Order());
    }

    [Theory]
    [InlineData(null, true)]
    [InlineData("server,web", true)]
    [InlineData("scheduler", false)]
    public void DaemonOf_IsTheOneThatServes(string? roles, bool serves)
    {
        Write(1, Alive, ["droverd", "--data", "/data/a", .. roles is null ? Array.Empty<string>() : ["--roles", roles]]);
        Assert.Equal(serves, new ProcessTable(_proc.FullName).DaemonOf(new DataFolder("/data/a")) is not null);
    }

    [Theory]
    [InlineData("   1: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 777 1 0", "777")]
    [InlineData("   1: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 778 1 0", null)]
    [InlineData("   1: 0100007F:1F91 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 779 1 0", null)]
    [InlineData("  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode", null)]
    public void ListeningInode_OfThePortOnly(string line, string? inode) => Assert.Equal(inode, PortUse.ListeningInode(line, 8080));

    [Fact]
    public void PortOwner_IsTheListeningProcess()
    {
        // An address and a port that no outgoing connection of this computer gets.
        var address = new System.Net.IPAddress([127, 73, (byte)(Environment.ProcessId >> 8), (byte)Environment.ProcessId]);
        using var listener = new System.Net.Sockets.TcpListener(address, TestPort.Take());
        listener.Start();
        var listen = new ListenAddress((System.Net.IPEndPoint)listener.LocalEndpoint);
        Assert.Equal(System.Net.Sockets.SocketError.AddressAlreadyInUse, PortUse.Probe(listen));
        Assert.Equal(Environment.ProcessId, PortUse.Owner(listen.Port, new ProcessTable("/proc"), "/proc")?.Pid);
        listener.Stop();
        Assert.Null(PortUse.Probe(listen));
    }

    [Fact]
    public async Task Ending_AsksFirst_ThenKillsWhoDoesNotListen()
    {
        using var polite = Process.Start(new ProcessStartInfo("sleep", ["60"]))!;
        using var deaf = Process.Start(new ProcessStartInfo("bash", ["-c", "trap '' TERM; echo ready; while :; do sleep 60; done"]) { UseShellExecute = false, RedirectStandardOutput = true })!;
        await deaf.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken);
        var table = new ProcessTable("/proc");
        var both = new[] { polite, deaf }.Select(p => table.Find(p.Id)!).ToList();

        var killed = await Ending.OfAsync(both, table, TimeSpan.FromSeconds(2), TimeProvider.System, CancellationToken.None);

        Assert.Equal(deaf.Id, Assert.Single(killed).Pid);
        Assert.All(both, p => Assert.False(table.IsAlive(p.Pid, p.StartTime)));
    }

    public void Dispose() => _proc.Delete(recursive: true);

    private static string Alive => $"1 (x) S {string.Join(' ', Enumerable.Range(4, 18))} 42 0\n";

    private void Write(int pid, string stat, params string[] arguments)
    {
        var folder = _proc.CreateSubdirectory($"{pid}").FullName;
        File.WriteAllText(Path.Combine(folder, "stat"), stat);
        File.WriteAllText(Path.Combine(folder, "cmdline"), string.Join('\0', arguments) + '\0');
    }
}
