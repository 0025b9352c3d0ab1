using System.ComponentModel;
using Drover.Executor.Machines;
using Drover.Executor.Processes;

namespace Drover.Executor.Simulated;

/// <summary>What runs as the guest of a simulated machine: the agent's program, or a delegate in this process.</summary>
internal sealed class GuestProcess : IDisposable
{
    private readonly CancellationTokenSource inProcess = new();
    private ChildProcess? child;

    /// <summary>A sentence on how it ended.</summary>
    internal Task<string> Ended { get; private set; } = Task.FromResult("");

    internal ProcessRecord? Record { get; private set; }

    internal static async Task<GuestProcess> StartAsync(MachineContext context, string folder)
    {
        var guest = new GuestProcess();
        if (context.Options.SimulatedGuest is { } run)
        {
            guest.Ended = guest.RunInProcessAsync(run, context, folder);
            return guest;
        }

        var spec = new ProcessSpec
        {
            Program = FindAgent(context),
            // Relative to the sandbox: a socket's address is short.
            Arguments = ["--simulated", "--channel", GuestChannel.SocketName, "--state", folder],
            WorkingDirectory = context.Sandbox,
            DiesWithParent = true,
        };
        try
        {
            guest.child = await ChildProcess.StartAsync(spec);
        }
        catch (Win32Exception e)
        {
            throw new MachineException($"The guest agent's program '{spec.Program}' cannot be started: {e.Message}.", e);
        }

        guest.Record = ProcessRecord.Of(guest.child, spec);
        guest.Ended = guest.WaitAsync(context.Console);
        return guest;
    }

    internal void Signal(int signal)
    {
        child?.Signal(signal);
        if (child is null)
        {
            inProcess.Cancel();
        }
    }

    public void Dispose()
    {
        child?.Dispose();
        inProcess.Dispose();
    }

    private async Task<string> WaitAsync(RingLog console)
    {
        await Task.WhenAll(console.PumpAsync(child!.Output), console.PumpAsync(child.Error), child.Exited);
        return $"The simulated guest's agent ended: {await child.Exited}.";
    }

    private async Task<string> RunInProcessAsync(Func<SimulatedGuest, CancellationToken, Task> run, MachineContext context, string folder)
    {
        await Task.Yield();
        try
        {
            using var sandbox = SandboxSocket.OpenFolder(context.Sandbox);
            await run(new SimulatedGuest(context.Task.ExternalId, SandboxSocket.PathThrough(sandbox, GuestChannel.SocketName), folder), inProcess.Token);
            return "The simulated guest ended by itself.";
        }
        catch (OperationCanceledException) when (inProcess.IsCancellationRequested)
        {
            return "The simulated guest was switched off.";
        }
        catch (Exception e)
        {
            return $"The simulated guest failed: {e.Message}";
        }
    }

    private static string FindAgent(MachineContext context) =>
        context.Options.AgentProgram
        ?? new[] { context.Sandbox, AppContext.BaseDirectory }.Select(folder => Path.Combine(folder, "drover-agent")).FirstOrDefault(File.Exists)
        ?? throw new MachineException("The guest agent's program 'drover-agent' is neither in the sandbox nor beside the executor: the scheduler must send it along with simulated machines.");
}
