using System.Text.Json.Nodes;

namespace Drover.Cli.Tests.Commands;

public sealed class HostFlowTests : IAsyncLifetime
{
    private readonly Terminal _terminal = new();
    private FakeApi _api = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _api = await FakeApi.StartAsync();
        _api.Choose(_terminal);
    }

    [Fact]
    public async Task Create_ShowsEachStageWithItsSeconds_AndEndsWhenTheHostIsActive()
    {
        var creating = _terminal.RunAsync("host", "create", "web-1", "--cpus", "2", "--memory", "2GiB", "--label", "zone=a=b", "--constraint", "rack:UNIQUE", "--format", "json");
        var machine = await AskedForAsync("web-1");
        _api.Change(machine, m =>
        {
            m["state"] = "creating";
            m["stages"] = new JsonArray(Stage("queue", "done", 0, 0.5), Stage("boot", "done", 1, 15.2));
        });
        await SaidAsync("boot … done 14.2 s");
        Assert.False(creating.IsCompleted);
        _api.Activate(machine);

        Assert.Equal(0, await creating);
        Assert.Contains("queue … done 0.5 s", _terminal.Error, StringComparison.Ordinal);
        var row = Assert.Single(JsonNode.Parse(_terminal.Out)!.AsArray())!;
        Assert.Equal(("1ph1", "web-1", "active", 14.2), ((string?)row["id"], (string?)row["name"], (string?)row["state"], (double?)row["readySeconds"]));
        Assert.True(JsonNode.DeepEquals(
            JsonNode.Parse("""{"name":"web-1","mesosConfig":{"cpus":2,"memory":"2GiB","constraints":["rack:UNIQUE"]},"labels":{"zone":"a=b"}}"""),
            Assert.Single(_api.Bodies)));
    }

    [Fact]
    public async Task Create_DryRun_ShowsTheAgents_AndMakesNothing()
    {
        _api.Trial = JsonNode.Parse("""
            {"type":"machineTrial","fits":2,"message":"2 of 3 fit now (2 on agent-1); the others would wait.","on":[{"agent":"agent-1","count":2}],
             "agents":[{"agent":"agent-1","cpus":4,"memory":"8 GiB","disk":"90 GiB","misfit":null},{"agent":"agent-2","cpus":1,"memory":"8 GiB","disk":"90 GiB","misfit":"lacks 1 CPU"}]}
            """)!.AsObject();

        Assert.Equal(ExitCode.Failed, await _terminal.RunAsync("host", "create", "web", "--count", "3", "--cpus", "2", "--dry-run"));

        Assert.Contains("2 of 3 fit now (2 on agent-1); the others would wait.", _terminal.Error, StringComparison.Ordinal);
        Assert.Matches(@"agent-1\s+4\s+8 GiB\s+90 GiB\s+2", _terminal.Out);
        Assert.Matches(@"agent-2\s.*lacks 1 CPU", _terminal.Out);
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse("""{"mesosConfig":{"cpus":2},"count":3}"""), Assert.Single(_api.Bodies)));
    }

    [Fact]
    public async Task Create_Waiting_SaysWhyAndWhatWouldHelp()
    {
        _api.OnCreate = m => m["waiting"] = new JsonObject { ["reason"] = "needs 8 CPUs, the best offer has 2.", ["suggestion"] = "Ask for 2 CPUs." };
        var creating = _terminal.RunAsync("host", "create", "big", "--cpus", "8");
        await SaidAsync("queue … waiting: needs 8 CPUs, the best offer has 2. Ask for 2 CPUs.");
        _api.Activate(await AskedForAsync("big"));
        Assert.Equal(0, await creating);
    }

    [Fact]
    public async Task Create_Failing_SaysStageCauseAndLastConsoleLines()
    {
        _api.OnCreate = m =>
        {
            m["state"] = "error";
            m["failure"] = new JsonObject { ["stage"] = "boot", ["cause"] = "QEMU ended with 1", ["console"] = new JsonArray("line one", "panic\u001b[2J") };
        };
        Assert.Equal(ExitCode.Failed, await _terminal.RunAsync("host", "create", "web-1"));
        Assert.Contains("web-1 failed at the stage boot: QEMU ended with 1", _terminal.Error, StringComparison.Ordinal);
        Assert.Contains("  | panic\\x1b[2J", _terminal.Error, StringComparison.Ordinal);
        Assert.Contains("error", _terminal.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Create_DeletedMeanwhile_SaysSo()
    {
        var creating = _terminal.RunAsync("host", "create", "web-1");
        _api.Remove(await AskedForAsync("web-1"));
        Assert.Equal(ExitCode.Failed, await creating);
        Assert.Contains("web-1 was deleted while it was being made", _terminal.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Create_CtrlC_LeavesTheMachine_AndSaysSo()
    {
        var creating = _terminal.RunAsync("host", "create", "web-1");
        await AskedForAsync("web-1");
        _terminal.Interrupt.Raise(System.Runtime.InteropServices.PosixSignal.SIGINT);
        Assert.Equal(ExitCode.Interrupted, await creating);
        Assert.Contains("web-1 goes on being made", _terminal.Error, StringComparison.Ordinal);
        Assert.DoesNotContain(_api.Requests, r => r.StartsWith("DELETE", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Create_TimeLimit_EndsWith6()
    {
        Assert.Equal(ExitCode.Timeout, await _terminal.RunAsync("host", "create", "web-1", "--timeout", "100ms"));
        Assert.Contains("goes on being made", _terminal.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Create_Count_NumbersAndFollowsAll()
    {
        _api.OnCreate = m =>
        {
            m["stages"] = new JsonArray(Stage("boot", "done", 0, 1));
            _api.Activate(m);
        };
        Assert.Equal(0, await _terminal.RunAsync("host", "create", "web", "--count", "3", "--format", "csv"));
        Assert.Equal(4, _terminal.Out.Split("\r\n", StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.Contains("web-2 boot … done 1.0 s", _terminal.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Create_NameTaken_IsRefused_AndTellsWhatWasAskedForBefore()
    {
        _api.AddMachine("web-2", "active");
        Assert.Equal(ExitCode.Refused, await _terminal.RunAsync("host", "create", "web", "--count", "3", "--no-wait"));
        Assert.Contains("web-2: The name is taken.", _terminal.Error, StringComparison.Ordinal);
        Assert.Contains("being made: web-1", _terminal.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Create_NoWait_PrintsTheRequestedMachine()
    {
        Assert.Equal(0, await _terminal.RunAsync("host", "create", "web-1", "--no-wait", "--quiet"));
        Assert.Equal("1ph1\n", _terminal.Out);
    }

    [Fact]
    public async Task Create_ServerAwayForAMoment_GoesOn()
    {
        var creating = _terminal.RunAsync("host", "create", "web-1");
        var machine = await AskedForAsync("web-1");
        _api.IsAway = true;
        var before = _api.Count;
        _api.Change(machine, m => m["state"] = "creating");
        await UntilAsync(() => _api.Count > before);
        Assert.False(creating.IsCompleted);
        _api.IsAway = false;
        _api.Activate(machine);
        Assert.Equal(0, await creating);
    }

    [Fact]
    public async Task List_MachinesAndHostsWithoutMachine_OneRowEach()
    {
        _api.Activate(_api.AddMachine("web-1", "creating"));
        _api.AddMachine("web-2", "bootstrapping");
        _api.AddHost("by-hand", "active");
        Assert.Equal(0, await _terminal.RunAsync("host", "ls", "--format", "json"));
        Assert.Equal(["web-1 active", "web-2 bootstrapping", "by-hand active"], JsonNode.Parse(_terminal.Out)!.AsArray().Select(r => $"{r!["name"]} {r["state"]}"));
        Assert.Equal(0, await _terminal.RunAsync("host", "ls"));
        Assert.Equal(4, _terminal.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
    }

    [Fact]
    public async Task Show_AllFacts_AndTheTimeOfEachStage()
    {
        var machine = _api.AddMachine("web-1", "creating");
        machine["stages"] = new JsonArray(Stage("queue", "done", 0, 0.4), Stage("boot", "done", 1, 32));
        machine["acceleratorReason"] = "no /dev/kvm";
        machine["accelerator"] = "tcg";
        _api.Activate(machine);
        Assert.Equal(0, await _terminal.RunAsync("host", "show", "web-1"));
        Assert.Contains("tcg (no /dev/kvm)", _terminal.Out, StringComparison.Ordinal);
        Assert.Matches("boot +done +31.0 s", _terminal.Out);
        Assert.Equal(ExitCode.NotFound, await _terminal.RunAsync("host", "show", "web-11"));
        Assert.Contains("Did you mean web-1?", _terminal.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Remove_WithoutTerminalAndWithoutYes_RefusesAndRemovesNothing()
    {
        _api.AddMachine("web-1", "active");
        Assert.Equal(ExitCode.Refused, await _terminal.RunAsync("host", "rm", "web-1"));
        Assert.Contains("--yes", _terminal.Error, StringComparison.Ordinal);
        Assert.DoesNotContain(_api.Requests, r => r.StartsWith("DELETE", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("web-1\n", 0)]
    [InlineData("web-2\n", ExitCode.Refused)]
    [InlineData("y\n", ExitCode.Refused)]
    [InlineData("", ExitCode.Refused)]
    public async Task Remove_OnATerminal_AsksByName(string answer, int exit)
    {
        _api.AddMachine("web-1", "active");
        _terminal.IsInteractive = true;
        _terminal.Input = answer;
        Assert.Equal(exit, await _terminal.RunAsync("host", "rm", "web-1", "--quiet"));
    }

    [Fact]
    public async Task Remove_OneUnknown_RemovesNone()
    {
        _api.AddMachine("web-1", "active");
        Assert.Equal(ExitCode.NotFound, await _terminal.RunAsync("host", "rm", "web-1", "db-7", "--yes"));
        Assert.DoesNotContain(_api.Requests, r => r.StartsWith("DELETE", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Remove_WaitsUntilNoneIsLeft()
    {
        var machine = _api.AddMachine("web-1", "active");
        _api.OnDelete = _ => { };
        var removing = _terminal.RunAsync("host", "rm", "1ph1", "--yes");
        await RequestedAsync("DELETE /v2-beta/projects/1a5/machines/1ph1");
        Assert.False(removing.IsCompleted);
        _api.Remove(machine);
        Assert.Equal(0, await removing);
        Assert.Contains("remove web-1 … done", _terminal.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Wait_UntilActive_AndFailsWhenItWillNotBe()
    {
        var machine = _api.AddMachine("web-1", "creating");
        var waiting = _terminal.RunAsync("wait", "web-1", "--for", "active");
        await RequestedAsync("GET /v2-beta/projects/1a5/machines/1ph1");
        _api.Activate(machine);
        Assert.Equal(0, await waiting);

        _api.AddMachine("bad", "error");
        Assert.Equal(ExitCode.Failed, await _terminal.RunAsync("wait", "bad"));
        Assert.Equal(0, await _terminal.RunAsync("wait", "never-was", "--for", "removed"));
        Assert.Equal(ExitCode.NotFound, await _terminal.RunAsync("wait", "never-was"));
        Assert.Equal(ExitCode.Timeout, await _terminal.RunAsync("wait", "web-1", "--for", "removed", "--timeout", "50ms"));
    }

    [Fact]
    public async Task Console_AllOfIt_OrItsLastLines_WithoutControlCharacters()
    {
        _api.AddMachine("web-1", "active");
        _api.Console = "first line\nsecond \u001b[31mline\u001b[0m\nthird\n";
        Assert.Equal(0, await _terminal.RunAsync("host", "console", "web-1"));
        Assert.Equal("first line\nsecond line\nthird\n", _terminal.Out);
        Assert.Equal(0, await _terminal.RunAsync("host", "console", "web-1", "--lines", "1"));
        Assert.Equal("third\n", _terminal.Out);
    }

    [Fact]
    public async Task Console_Followed_PrintsWhatComes_UntilTheMachineIsGone()
    {
        var machine = _api.AddMachine("web-1", "active");
        _api.Console = "one\n";
        var following = _terminal.RunAsync("host", "console", "web-1", "-f");
        await UntilAsync(() => _terminal.Out == "one\n");
        _api.Console += "two\n";
        await UntilAsync(() => _terminal.Out == "one\ntwo\n");
        _api.Remove(machine);
        Assert.Equal(0, await following);
        Assert.Contains("web-1 is gone", _terminal.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Events_OneLinePerChange()
    {
        var machine = _api.AddMachine("web-1", "creating");
        var events = _terminal.RunAsync("events", "--format", "json", "--for", "60s", "--type", "machine");
        await RequestedAsync("GET /v2-beta/projects/1a5/subscribe");
        await UntilAsync(() =>
        {
            _api.Change(machine, m => m["state"] = "bootstrapping");
            return _terminal.Out.Contains('\n', StringComparison.Ordinal);
        });
        _terminal.Interrupt.Raise(System.Runtime.InteropServices.PosixSignal.SIGINT);
        Assert.Equal(ExitCode.Interrupted, await events);
        var first = JsonNode.Parse(_terminal.Out.Split('\n')[0])!;
        Assert.Equal(("1ph1", "web-1", "bootstrapping"), ((string?)first["id"], (string?)first["name"], (string?)first["state"]));
    }

    [Fact]
    public async Task Environments_SeveralWithoutChoice_AreNamed_AndOneCanBeChosen()
    {
        _api.Environments[0]["name"] = "one";
        _api.Environments.Add(FakeApi.Resource("project", "1a9", "two", "active"));
        Assert.Equal(ExitCode.Usage, await _terminal.RunAsync("host", "ls"));
        Assert.Contains("one, two", _terminal.Error, StringComparison.Ordinal);
        Assert.Equal(0, await _terminal.RunAsync("host", "ls", "--env", "ONE"));
        Assert.Equal(ExitCode.NotFound, await _terminal.RunAsync("host", "ls", "--env", "three"));
        Assert.Equal(0, await _terminal.RunAsync("env", "ls", "--env", "1a9", "--format", "json"));
        Assert.Equal(["1a5 False", "1a9 True"], JsonNode.Parse(_terminal.Out)!.AsArray().Select(e => $"{e!["id"]} {(bool)e["current"]!}"));
    }

    [Fact]
    public async Task Login_KeepsATokenThatLaterCommandsUse_AndLogoutForgetsIt()
    {
        _terminal.Variables.Clear();
        _terminal.Variables["HOME"] = _terminal.Home.FullName;
        _terminal.Input = "wrong\n";
        Assert.Equal(ExitCode.NotAuthorised, await _terminal.RunAsync("login", "--url", _api.Url.AbsoluteUri, "--username", "admin", "--password-stdin"));
        _terminal.Input = "right\n";
        Assert.Equal(0, await _terminal.RunAsync("login", "--url", _api.Url.AbsoluteUri, "--username", "admin", "--password-stdin"));
        Assert.Equal(0, await _terminal.RunAsync("host", "ls"));
        Assert.Equal(0, await _terminal.RunAsync("status"));
        Assert.Equal(0, await _terminal.RunAsync("logout"));
        Assert.Equal(ExitCode.Unreachable, await _terminal.RunAsync("host", "ls"));
        Assert.Equal(ExitCode.NotAuthorised, await _terminal.RunAsync("login", "--url", _api.Url.AbsoluteUri, "--access-key", "key", "--secret-key", "no"));
        Assert.Equal(0, await _terminal.RunAsync("login", "--url", _api.Url.AbsoluteUri, "--access-key", "key", "--secret-key", "secret"));
        Assert.Equal(0, await _terminal.RunAsync("host", "ls"));
    }

    [Fact]
    public async Task Credentials_Wrong_EndWith4()
    {
        _terminal.Variables["DROVER_SECRET_KEY"] = "no";
        Assert.Equal(ExitCode.NotAuthorised, await _terminal.RunAsync("host", "ls"));
    }

    public async ValueTask DisposeAsync()
    {
        await _api.DisposeAsync();
        _terminal.Dispose();
    }

    private static JsonObject Stage(string name, string status, double from, double to) => new()
    {
        ["stage"] = name, ["status"] = status, ["startedAt"] = DateTimeOffset.UnixEpoch.AddSeconds(from).ToString("O"), ["finishedAt"] = DateTimeOffset.UnixEpoch.AddSeconds(to).ToString("O"),
    };

    private async Task<JsonObject> AskedForAsync(string name)
    {
        JsonObject? machine = null;
        await UntilAsync(() => (machine = _api.Machine(name)) is not null);
        await RequestedAsync($"GET /v2-beta/projects/1a5/machines/{machine!["id"]}");
        return machine;
    }

    private Task RequestedAsync(string request) => UntilAsync(() => _api.Has(request));

    private Task SaidAsync(string words) => UntilAsync(() => _terminal.Error.Contains(words, StringComparison.Ordinal));

    private static async Task UntilAsync(Func<bool> holds)
    {
        while (!holds())
        {
            await Task.Delay(10, Token);
        }
    }
}
