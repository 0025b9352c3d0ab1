using System.Diagnostics;
using System.Runtime.InteropServices;
using Drover.Cli.Local;
using Drover.Testing;

namespace Drover.Cli.Tests.Local;

/// <summary>The whole of <c>up</c>, <c>status</c> and <c>down</c> with real processes: a script stands in for droverd and announces the fake server.</summary>
public sealed class UpDownTests : IAsyncLifetime
{
    private readonly Terminal _terminal = new();
    private FakeApi _api = null!;
    private string _data = "";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private ProcessTable Processes { get; } = new("/proc");

    public async ValueTask InitializeAsync()
    {
        _api = await FakeApi.StartAsync();
        _api.OnCreate = _api.Activate;
        var programs = _terminal.Home.CreateSubdirectory("programs").FullName;
        _data = _terminal.Home.CreateSubdirectory("data").FullName;
        _terminal.ProgramFolder = programs;
        _terminal.Variables["DROVER_DATA"] = _data;
        _terminal.Variables["DROVER_HOME"] = _terminal.Home.FullName;
        Directory.CreateDirectory(Path.Combine(_data, "keys"));
        await File.WriteAllTextAsync(Path.Combine(_data, "keys", "admin.json"), """{"accessKey":"key","secretKey":"secret","projectId":"1a5"}""", Token);
        await File.WriteAllTextAsync(Path.Combine(_data, "initial-password"), "correct horse\n", Token);

        // It forks nothing while it runs, because a fork is, for a moment, a second process of that name.
        WriteDaemon($$"""
            mkfifo "$2/silence" 2>/dev/null
            exec -a droverd bash -c '
                trap "rm -f \"$2/droverd.json\"; exit 0" TERM
                exec 3<>"$2/silence"
                read -r stat </proc/$$/stat
                fields=(${stat##*) })
                echo "{\"pid\":$$,\"startTime\":${fields[19]},\"url\":\"{{_api.Url.GetLeftPart(UriPartial.Authority)}}\",\"version\":\"9.9\"}" >"$2/droverd.json"
                while :; do read -r -t 0.05 -u 3; done' "$0" "$@"
            """);
        foreach (var program in new[] { "drover-executor", "drover-agent" })
        {
            await File.WriteAllTextAsync(Path.Combine(programs, program), "", Token);
        }
    }

    [Fact]
    public async Task Down_WithAProtectedHost_StopsNothingAndSaysWhatToDo()
    {
        Assert.Equal(0, await UpAsync());
        _api.Change(_api.Machine("host-1")!, m => m["protected"] = true);
        Assert.Equal(ExitCode.Refused, await _terminal.RunAsync("down"));
        Assert.Contains("host-1 is protected", _terminal.Error, StringComparison.Ordinal);
        Assert.Contains("down --keep-hosts", _terminal.Error, StringComparison.Ordinal);
        Daemon();
        _api.Change(_api.Machine("host-1")!, m => m["protected"] = false);
        Assert.Equal(0, await _terminal.RunAsync("down"));
    }

    [Fact]
    public async Task Up_StartsMakesAHostAndTellsWhereThePageIs_ThenSaysItRuns_ThenDownLeavesNothing()
    {
        Assert.Equal((0, ""), (await UpAsync(), _terminal.Error.Contains("failed", StringComparison.Ordinal) ? _terminal.Error : ""));
        Assert.Contains(_api.Url.GetLeftPart(UriPartial.Authority), _terminal.Out, StringComparison.Ordinal);
        Assert.Contains("admin", _terminal.Out, StringComparison.Ordinal);
        Assert.Contains("correct horse", _terminal.Out, StringComparison.Ordinal);
        Assert.Contains("host-1 active", _terminal.Out, StringComparison.Ordinal);
        Assert.Contains("services … done", _terminal.Error, StringComparison.Ordinal);
        var daemon = Daemon();

        Assert.Equal(0, await UpAsync());
        Assert.Contains("already running", _terminal.Out, StringComparison.Ordinal);
        Assert.Equal(daemon, Daemon());
        Assert.Single(_api.Bodies);

        Assert.Equal(0, await _terminal.RunAsync("status", "--format", "json"));
        Assert.Contains("\"running\"", _terminal.Out, StringComparison.Ordinal);

        Assert.Equal(0, await _terminal.RunAsync("down"));
        Assert.Contains("DELETE /v2-beta/projects/1a5/machines/1ph1", _api.Requests);
        Assert.Empty(Processes.OfInstance(new DataFolder(_data)));
        Assert.False(File.Exists(Path.Combine(_data, "droverd.json")));
        Assert.Equal(ExitCode.NotRunning, await _terminal.RunAsync("status"));
    }

    [Fact]
    public async Task Up_AfterAKill_StartsAnew_AndMakesNoSecondHost()
    {
        await UpAsync();
        var killed = Daemon();
        var process = Processes.Find(killed)!;
        ProcessSignal.Send(Processes, killed, process.StartTime, ProcessSignal.Kill);
        Assert.Empty(await Ending.AwaitAsync([process], Processes, TimeSpan.FromMinutes(1), TimeProvider.System, Token));

        Assert.Equal(0, await UpAsync());
        Assert.NotEqual(killed, Daemon());
        Assert.Single(_api.Bodies);
    }

    [Fact]
    public async Task Up_TwoAtOnce_StartOneDaemon()
    {
        using var other = new Terminal { ProgramFolder = _terminal.ProgramFolder };
        foreach (var (name, value) in _terminal.Variables)
        {
            other.Variables[name] = value;
        }

        string[] up = ["up", "--detach", "--accel", "simulated", "--no-host", "--listen", "127.0.0.1:0"];
        var exits = await Task.WhenAll(_terminal.RunAsync(up), other.RunAsync(up));
        Assert.Equal([0, 0], exits);
        Assert.Single(new[] { _terminal.Out, other.Out }, o => o.Contains("already running", StringComparison.Ordinal));
        Daemon();
    }

    [Fact]
    public async Task Up_DaemonDies_ShowsItsLog_AndLeavesNothing()
    {
        WriteDaemon("echo 'the database is broken'; exit 3");
        Assert.Equal(ExitCode.Failed, await UpAsync());
        Assert.Contains("droverd ended with 3", _terminal.Error, StringComparison.Ordinal);
        Assert.Contains("the database is broken", _terminal.Error, StringComparison.Ordinal);
        Assert.Empty(Processes.OfInstance(new DataFolder(_data)));
    }

    [Fact]
    public async Task Up_PortInUse_SaysWhoHasIt_AndStartsNothing()
    {
        Assert.Equal(ExitCode.Failed, await _terminal.RunAsync("up", "--detach", "--accel", "simulated", "--listen", _api.Url.Authority));
        Assert.Contains($"{_api.Url.Authority} is in use by", _terminal.Error, StringComparison.Ordinal);
        Assert.Empty(Processes.OfInstance(new DataFolder(_data)));
    }

    [Fact]
    public async Task Up_FirstHostFails_SaysStageAndCause_AndTheServicesRun()
    {
        _api.OnCreate = machine => _api.Change(machine, m =>
        {
            m["state"] = "error";
            m["failure"] = new System.Text.Json.Nodes.JsonObject { ["stage"] = "boot", ["cause"] = "QEMU ended", ["console"] = new System.Text.Json.Nodes.JsonArray("Kernel panic") };
        });
        Assert.Equal(ExitCode.Failed, await UpAsync());
        Assert.Contains("host-1 failed at the stage boot: QEMU ended", _terminal.Error, StringComparison.Ordinal);
        Assert.Contains("| Kernel panic", _terminal.Error, StringComparison.Ordinal);
        Assert.Contains("Drover is running", _terminal.Out, StringComparison.Ordinal);
        Daemon();
    }

    [Theory]
    [InlineData(PosixSignal.SIGINT, true)]
    [InlineData(PosixSignal.SIGTERM, false)]
    public async Task Up_InTheForeground_CtrlCIsDown_TermKeepsTheHosts(PosixSignal signal, bool removesHosts)
    {
        var up = _terminal.RunAsync("up", "--accel", "simulated", "--listen", "127.0.0.1:0");
        while (!_terminal.Error.Contains("Ctrl-C", StringComparison.Ordinal))
        {
            Assert.False(up.IsCompleted, _terminal.Error);
            await Task.Delay(20, Token);
        }

        _terminal.Interrupt.Raise(signal);
        Assert.Equal(0, await up);
        Assert.Empty(Processes.OfInstance(new DataFolder(_data)));
        Assert.Equal(removesHosts, _api.Requests.Contains("DELETE /v2-beta/projects/1a5/machines/1ph1"));
    }

    [Fact]
    public async Task Down_DaemonDead_EndsWhatItLeft_AndSaysSo()
    {
        using var leftover = Process.Start(new ProcessStartInfo("bash", ["-c", "mkfifo \"$0/machines\"; exec -a drover-executor bash -c 'exec 3<>\"$2\"; while :; do read -r -t 0.05 -u 3; done' x --state \"$0\"/machines", _data]))!;
        while (Processes.Find(leftover.Id)?.Program != "drover-executor")
        {
            await Task.Delay(10, Token);
        }

        Assert.Equal(0, await _terminal.RunAsync("down", "--keep-hosts"));
        Assert.Contains("1 machine(s) run on", _terminal.Out, StringComparison.Ordinal);
        Assert.Equal(0, await _terminal.RunAsync("down"));
        Assert.Contains("1 process(es) had to be ended", _terminal.Out, StringComparison.Ordinal);
        Assert.Empty(Processes.OfInstance(new DataFolder(_data)));
        Assert.Equal(0, await _terminal.RunAsync("down"));
        Assert.Contains("Nothing ran", _terminal.Out, StringComparison.Ordinal);
    }

    public async ValueTask DisposeAsync()
    {
        var data = new DataFolder(_data);
        await Ending.OfAsync(Processes.OfInstance(data), Processes, TimeSpan.FromSeconds(2), TimeProvider.System, CancellationToken.None);
        await _api.DisposeAsync();
        _terminal.Dispose();
    }

    private Task<int> UpAsync() => _terminal.RunAsync("up", "--detach", "--accel", "simulated", "--listen", "127.0.0.1:0");

    private int Daemon() => Assert.Single(Processes.OfInstance(new DataFolder(_data)), p => p.Program == "droverd").Pid;

    private void WriteDaemon(string script) => TestProgram.Write(Path.Combine(_terminal.ProgramFolder, "droverd"), $"#!/bin/bash\n{script}\n");
}
