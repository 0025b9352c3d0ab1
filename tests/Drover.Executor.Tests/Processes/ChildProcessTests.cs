using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using Drover.Executor.Processes;

namespace Drover.Executor.Tests.Processes;

public sealed class ChildProcessTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Run_Program_GivesOutputErrorsAndStatus()
    {
        var result = await ToolRun.RunAsync(Shell("echo out; echo err >&2; exit 3"), Token);

        Assert.Equal(("out\n", "err\n", new ProcessExit(3, 0)), (result.Output, result.Error, result.Exit));
        Assert.Equal("err", result.FirstLine);
    }

    [Fact]
    public async Task Start_MissingProgram_SaysWhich()
    {
        var e = await Assert.ThrowsAsync<Win32Exception>(() => ChildProcess.StartAsync(new ProcessSpec { Program = "drover-no-such-program" }));

        Assert.Contains("drover-no-such-program", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Signal_Kill_IsSeenInTheExit()
    {
        using var child = await ChildProcess.StartAsync(new ProcessSpec { Program = "sleep", Arguments = ["1000"] });
        child.Signal(LibC.SigKill);

        Assert.Equal("killed by signal 9 (SIGKILL)", (await child.Exited.WaitAsync(Token)).ToString());
        child.Signal(LibC.SigKill);
    }

    [Fact]
    public async Task Environment_OfChildren_HoldsNothingOfMesos()
    {
        Environment.SetEnvironmentVariable("MESOS_EXECUTOR_ID", "secret");
        Environment.SetEnvironmentVariable("DROVER_TEST_SEEN", "yes");

        var result = await ToolRun.RunAsync(new ProcessSpec { Program = "env" }, Token);

        Assert.DoesNotContain("MESOS_", result.Output, StringComparison.Ordinal);
        Assert.Contains("DROVER_TEST_SEEN=yes", result.Output, StringComparison.Ordinal);
        Assert.Contains("PATH=", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Descriptors_OfChildren_AreTheStreamsAndWhatIsHandedOver()
    {
        using var folder = new TestFolder();
        await File.WriteAllTextAsync(folder["handed"], "content", Token);
        using var secret = File.OpenHandle(folder["handed"]);
        using var handed = File.OpenHandle(folder["handed"]);

        var result = await ToolRun.RunAsync(Shell($"ls -l /proc/self/fd; cat /proc/self/fd/{handed.DangerousGetHandle()}") with { Inherited = [handed] }, Token);

        Assert.EndsWith("content", result.Output, StringComparison.Ordinal);
        Assert.Equal(1, result.Output.Split("/handed").Length - 1);
        Assert.Contains("/dev/null", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WorkingDirectory_IsTheChildsAlone()
    {
        using var folder = new TestFolder();
        var before = Environment.CurrentDirectory;

        var result = await ToolRun.RunAsync(new ProcessSpec { Program = "pwd", WorkingDirectory = folder.Path }, Token);

        Assert.Equal((folder.Path, before), (result.Output.Trim(), Environment.CurrentDirectory));
    }

    [Fact]
    public async Task Run_Cancelled_KillsTheProgram()
    {
        using var cancel = new CancellationTokenSource();
        var run = ToolRun.RunAsync(new ProcessSpec { Program = "sleep", Arguments = ["1000"] }, cancel.Token);
        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
    }

    [Fact]
    public async Task User_OfTheChild_IsUnprivilegedAndStaysSo()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root can start a child as another user.");
        var result = await ToolRun.RunAsync(Shell("id -u; id -g; id -G; grep NoNewPrivs /proc/self/status") with { User = new ProcessUser(65534, 65534) }, Token);

        Assert.Equal("65534\n65534\n65534\nNoNewPrivs:\t1\n", result.Output);
    }

    [Fact]
    public async Task DiesWithParent_HoldsForTheThreadThatWaits_NotForAPoolThread()
    {
        using var child = await ChildProcess.StartAsync(new ProcessSpec { Program = "sleep", Arguments = ["1000"], DiesWithParent = true });

        // A child that were tied to a pool thread would go when that thread goes.
        await Task.Run(static () => Thread.CurrentThread.Name, Token);
        Assert.False(child.Exited.IsCompleted);
        Assert.Equal(child.StartTime, ProcessIdentity.StartTimeOf(child.Pid));
        Process.GetProcessById(child.Pid).Kill();
        await child.Exited.WaitAsync(Token);
    }

    [Fact]
    public async Task Niceness_IsTheChildsAlone()
    {
        using var child = await ChildProcess.StartAsync(new ProcessSpec { Program = "sleep", Arguments = ["1000"], DiesWithParent = true, Niceness = 5 });

        Assert.Equal(NicenessOf("self") + 5, NicenessOf($"{child.Pid}"));
        child.Signal(LibC.SigKill);
        await child.Exited.WaitAsync(Token);
    }

    /// <summary>proc_pid_stat(5), field 19; the name before may hold anything.</summary>
    private static int NicenessOf(string process)
    {
        var stat = File.ReadAllText($"/proc/{process}/stat");
        return int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[16], CultureInfo.InvariantCulture);
    }

    private static ProcessSpec Shell(string script) => new() { Program = "sh", Arguments = ["-c", script] };
}
