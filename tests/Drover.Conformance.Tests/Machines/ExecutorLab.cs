using System.Diagnostics;
using System.Text.Json;
using Drover.Api.Machines;
using Drover.Executor.Machines;
using Drover.Executor.Tests.Session;

namespace Drover.Conformance.Tests.Machines;

/// <summary>An executor process with its agent.</summary>
internal sealed class ExecutorLab : IAsyncDisposable
{
    private readonly DirectoryInfo root = Directory.CreateTempSubdirectory("drover-kill-");

    private ExecutorLab(StandInAgent agent, string? state)
    {
        Agent = agent;
        Sandbox = root.CreateSubdirectory("sandbox").FullName;
        if (Installed.Agent is { } program)
        {
            File.CreateSymbolicLink(Path.Combine(Sandbox, "drover-agent"), Path.GetFullPath(program));
        }

        var start = new ProcessStartInfo(Installed.Executor, ["--state", state ?? Path.Combine(root.FullName, "state")]) { WorkingDirectory = Sandbox, UseShellExecute = false };
        foreach (var (name, value) in agent.Variables(Sandbox))
        {
            start.Environment[name] = value;
        }

        Process = Process.Start(start)!;
    }

    public StandInAgent Agent { get; }

    public string Sandbox { get; }

    public Process Process { get; }

    /// <summary>Only of the program as it ships: the tests' own runs on the just-in-time compiler.</summary>
    public void CheckMemory()
    {
        Process.Refresh();
        TestContext.Current.SendDiagnosticMessage($"executor: {Process.WorkingSet64 / 1048576.0:0.0} MiB resident");
        Assert.True(Installed.NativeExecutor is null || Process.WorkingSet64 <= 25_000_000, $"the executor has {Process.WorkingSet64} bytes resident");
    }

    public MachineRecord? Record
    {
        get
        {
            var path = Path.Combine(Sandbox, "machine.json");
            return File.Exists(path) ? JsonSerializer.Deserialize(File.ReadAllBytes(path), MachineRecordJson.Default.MachineRecord) : null;
        }
    }

    public static async Task<ExecutorLab> StartAsync(MachineTask task, string? state = null)
    {
        var agent = await StandInAgent.StartAsync(0, TestContext.Current.CancellationToken);
        var lab = new ExecutorLab(agent, state);
        await agent.Subscribed.Task.WaitAsync(TestContext.Current.CancellationToken);
        agent.Launch(JsonSerializer.SerializeToUtf8Bytes(task, MachineJson.Default.MachineTask));
        return lab;
    }

    public async ValueTask DisposeAsync()
    {
        if (!Process.HasExited)
        {
            Process.Kill();
            await Process.WaitForExitAsync();
        }

        Process.Dispose();
        await Agent.DisposeAsync();
        root.Delete(recursive: true);
    }
}
