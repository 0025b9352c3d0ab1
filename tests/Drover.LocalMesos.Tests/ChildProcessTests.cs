using System.Diagnostics;
using System.Globalization;

namespace Drover.LocalMesos.Tests;

/// <summary>Real processes.</summary>
public sealed class ChildProcessTests : IDisposable
{
    private readonly string _sandbox = Directory.CreateTempSubdirectory("drover-mesos-child-").FullName;
    private readonly ChildProcessLauncher _launcher = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _launcher.KillLeftovers(null, _sandbox);
        Directory.Delete(_sandbox, recursive: true);
    }

    [Fact]
    public async Task Start_Program_RunsInItsOwnSessionWithItsOwnEverything()
    {
        var process = Start("cat /proc/$$/stat; pwd; cat; readlink /proc/$$/fd/0; env | sort; ls /proc/$$/fd; echo err >&2; exit 3");
        Assert.Equal(3 << 8, await process.Exited.WaitAsync(Token));
        var lines = await File.ReadAllLinesAsync(Path.Combine(_sandbox, "stdout"), Token);
        var fields = lines[0][(lines[0].LastIndexOf(')') + 2)..].Split(' ');
        Assert.Equal(process.Identity.Pid, int.Parse(fields[3], CultureInfo.InvariantCulture));
        Assert.Equal(process.Identity.StartTime, long.Parse(fields[19], CultureInfo.InvariantCulture));
        Assert.Equal(_sandbox, lines[1]);
        Assert.Equal("/dev/null", lines[2]);
        Assert.Contains($"MESOS_DIRECTORY={_sandbox}", lines);
        Assert.DoesNotContain(lines, l => l.StartsWith("HOME=", StringComparison.Ordinal));

        // Nothing of ours is inherited: only the three, and what ls itself opens.
        Assert.DoesNotContain("4", lines.SkipWhile(l => l != "0"));
        Assert.Equal("err\n", await File.ReadAllTextAsync(Path.Combine(_sandbox, "stderr"), Token));
    }

    [Fact]
    public async Task Start_Program_HasSigpipeAtItsDefault()
    {
        // The runtime ignores SIGPIPE (13), and what is ignored stays so over exec.
        var process = Start("grep SigIgn /proc/$$/status");
        Assert.Equal(0, await process.Exited.WaitAsync(Token));
        var ignored = (await File.ReadAllTextAsync(Path.Combine(_sandbox, "stdout"), Token)).Split('\t')[1].Trim();
        Assert.Equal(0ul, ulong.Parse(ignored, NumberStyles.HexNumber, CultureInfo.InvariantCulture) & (1ul << 12));
    }

    [Fact]
    public void Start_MissingProgram_SaysSo()
    {
        var absolute = Assert.Throws<ExecutorStartException>(() => _launcher.Start(NewStart("/nowhere/program", [])));
        Assert.Contains("/nowhere/program", absolute.Message, StringComparison.Ordinal);
        Assert.Throws<ExecutorStartException>(() => _launcher.Start(NewStart("no-such-program", [])));
    }

    [Fact]
    public async Task Start_RelativeProgramWithItsOwnName_IsFoundInTheSandbox()
    {
        File.CreateSymbolicLink(Path.Combine(_sandbox, "executor"), "/bin/sh");
        var process = _launcher.Start(NewStart("./executor", ["my-name", "-c", "echo $0 > name"]));
        Assert.Equal(0, await process.Exited.WaitAsync(Token));
        Assert.Equal("my-name\n", await File.ReadAllTextAsync(Path.Combine(_sandbox, "name"), Token));
    }

    [Fact]
    public async Task Kill_WithChildrenInOtherSessions_EndsThemAll()
    {
        var process = Start("setsid sleep 1000 & sleep 1000 & wait");
        await TestCluster.UntilAsync(() => Members().Count == 3, "the children");
        process.Kill();
        Assert.Equal(9, await process.Exited.WaitAsync(Token));
        await TestCluster.UntilAsync(() => Members().Count == 0, "the end of all");
    }

    [Fact]
    public async Task KillLeftovers_AfterTheExecutorEnded_EndsWhatItLeft()
    {
        var process = Start("sleep 1000 & setsid sleep 1000 & env -i sleep 1000 & sleep 0.05");
        await process.Exited.WaitAsync(Token);
        var sleeps = Sleepers(process.Identity.Pid);
        Assert.NotEmpty(sleeps);
        _launcher.KillLeftovers(process.Identity, _sandbox);
        await TestCluster.UntilAsync(() => Members().Count == 0 && Sleepers(process.Identity.Pid).Count == 0, "the end of all");
    }

    [Fact]
    public async Task KillLeftovers_PidGivenToAnother_TouchesNobody()
    {
        var process = Start("sleep 1000");
        _launcher.KillLeftovers(new ProcessIdentity(process.Identity.Pid, process.Identity.StartTime - 1), "/another/sandbox");
        Assert.False(process.Exited.IsCompleted);
        process.Kill();
        await process.Exited.WaitAsync(Token);
    }

    [Fact]
    public async Task Find_ByIdentityOrSandbox_FindsTheLivingOnly()
    {
        var process = Start("sleep 1000");
        Assert.Null(_launcher.Find(process.Identity with { StartTime = 1 }, _sandbox));
        Assert.Null(_launcher.Find(null, _sandbox + "x"));
        var known = new ChildProcessLauncher().Find(process.Identity, _sandbox)!;
        await TestCluster.UntilAsync(() => new ChildProcessLauncher().Find(null, _sandbox) is not null, "the process by its sandbox");
        Assert.Equal(process.Identity, new ChildProcessLauncher().Find(null, _sandbox)!.Identity);
        Assert.False(known.Exited.IsCompleted);
        known.Kill();
        await known.Exited.WaitAsync(Token);
        await process.Exited.WaitAsync(Token);
        Assert.Null(_launcher.Find(process.Identity, _sandbox));
    }

    [Fact]
    public async Task Agent_Restarted_FindsTheRealProcessAndEndsIt()
    {
        await using var cluster = await TestCluster.StartAsync(agent: a => a with
        {
            Launcher = new ChildProcessLauncher(),
            ExecutorReregistrationTimeout = TimeSpan.FromMilliseconds(300),
        });
        var scheduler = cluster.NewScheduler();
        var offer = await scheduler.OfferAsync();
        var task = TestCluster.NewTask(offer, "t");
        task.Executor.Command = new CommandInfo { Value = "echo started; sleep 1000 & sleep 1000" };
        await scheduler.LaunchAsync(offer, task);
        using var client = new OperatorClient();
        var stdout = OperatorClient.SandboxPath(scheduler.Id.Value, "t", "stdout");
        await TestCluster.UntilAsync(
            async () => await client.ReadFileAsync(cluster.Agent.Uri, stdout, 0, 100, Token) is { Size: > 0 }, "the output");
        var sandbox = Directory.GetDirectories(Path.Combine(cluster.AgentDirectory, "slaves"), "*", SearchOption.AllDirectories)
            .First(d => Path.GetFileName(Path.GetDirectoryName(d)) == "runs" && Path.GetFileName(d) != "latest");
        await cluster.KillAgentAsync();
        Assert.NotNull(new ChildProcessLauncher().Find(null, sandbox));

        // It never subscribes: the next agent recognises it, waits, and ends it with its children.
        await cluster.StartAgentAsync();
        Assert.Equal(TaskStatus.Types.Reason.ExecutorReregistrationTimeout, (await scheduler.UpdateAsync(TaskState.TaskGone)).Reason);
        await TestCluster.UntilAsync(() => Members(sandbox).Count == 0, "the end of all");
    }

    private IExecutorProcess Start(string script) => _launcher.Start(NewStart("/bin/sh", ["sh", "-c", script]));

    private ExecutorStart NewStart(string program, string[] arguments) => new()
    {
        Sandbox = _sandbox,
        Program = program,
        Arguments = arguments,
        Environment = new Dictionary<string, string> { ["PATH"] = "/usr/bin:/bin", ["MESOS_DIRECTORY"] = _sandbox },
    };

    /// <summary>Processes with our sandbox in their environment.</summary>
    private List<int> Members(string? sandbox = null) =>
        [.. Process.GetProcesses().Where(p => HasEnvironment(p.Id, $"MESOS_DIRECTORY={sandbox ?? _sandbox}")).Select(p => p.Id)];

    private static List<int> Sleepers(int session) => [.. Process.GetProcesses().Where(p => SessionOf(p.Id) == session).Select(p => p.Id)];

    private static bool HasEnvironment(int pid, string variable)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/environ").Split('\0').Contains(variable);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static int SessionOf(int pid)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return fields[0] == "Z" ? 0 : int.Parse(fields[3], CultureInfo.InvariantCulture);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }
}
