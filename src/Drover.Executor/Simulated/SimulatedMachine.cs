using Drover.Api.Machines;
using Drover.Executor.Commands;
using Drover.Executor.Consoles;
using Drover.Executor.Machines;
using Drover.Executor.Processes;

namespace Drover.Executor.Simulated;

/// <summary>A simulated machine that is switched on.</summary>
internal sealed class SimulatedMachine : IMachine
{
    private readonly MachineContext context;
    private readonly Simulation knobs;
    private readonly Func<Task<GuestProcess>> start;
    private readonly CancellationTokenSource gone = new();
    private readonly Lock gate = new();
    private GuestProcess guest;

    /// <summary>While the machine is off: completes with the guest that runs next, or with null when it is to end.</summary>
    private TaskCompletionSource<GuestProcess?>? off;

    /// <param name="start">Starts a guest's agent on the same disk.</param>
    internal SimulatedMachine(MachineContext context, Simulation knobs, GuestProcess guest, Func<Task<GuestProcess>> start, IGuestChannel channel)
    {
        this.context = context;
        this.knobs = knobs;
        this.guest = guest;
        this.start = start;
        Controls = new SimulatedControls(context, knobs, this);
        Guest = channel;
        Exited = WaitAsync();
    }

    public ProcessRecord? Process => guest.Record;

    public IGuestChannel Guest { get; }

    public Task<MachineExit> Exited { get; }

    public IMachineControls Controls { get; }

    public Task<IConsole> OpenConsoleAsync(string kind, CancellationToken cancellationToken) => Task.FromResult<IConsole>(kind == ConsoleKind.Serial
        ? new SimulatedSerial(context.Task.Name)
        : new SimulatedScreen(context.Task.Name));

    /// <summary>Ends the guest; the machine stays, off.</summary>
    internal async Task HaltAsync()
    {
        Task<string> ended;
        lock (gate)
        {
            if (off is not null)
            {
                return;
            }

            off = new(TaskCreationOptions.RunContinuationsAsynchronously);
            ended = guest.Ended;
            guest.Signal(LibC.SigKill);
        }

        await ended;
        context.Console.AppendLine("[simulated] the machine is switched off");
    }

    /// <summary>Starts a guest on the disk of a machine that is off.</summary>
    internal async Task ResumeAsync()
    {
        var next = await start();
        lock (gate)
        {
            guest = next;
            off?.TrySetResult(next);
            off = null;
        }
    }

    public Task SettleAsync(CancellationToken cancellationToken)
    {
        if (knobs.ExitAfterMilliseconds is { } milliseconds)
        {
            _ = KillLaterAsync(milliseconds);
        }

        return Task.CompletedTask;
    }

    public Task PowerDownAsync(CancellationToken cancellationToken)
    {
        context.Console.AppendLine("[simulated] power button");
        _ = KillLaterAsync(knobs.ShutdownMilliseconds);
        return Task.CompletedTask;
    }

    public Task QuitAsync(CancellationToken cancellationToken)
    {
        End(LibC.SigTerm);
        return Task.CompletedTask;
    }

    public void Kill() => End(LibC.SigKill);

    public ValueTask DisposeAsync()
    {
        gone.Dispose();
        guest.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task<MachineExit> WaitAsync()
    {
        string cause;
        while (true)
        {
            var current = guest;
            cause = await current.Ended;
            TaskCompletionSource<GuestProcess?>? waiting;
            lock (gate)
            {
                if (guest != current)
                {
                    // Another runs already.
                    continue;
                }

                waiting = off;
            }

            if (waiting is null || await waiting.Task is null)
            {
                break;
            }
        }

        await gone.CancelAsync();
        context.Console.AppendLine("[simulated] the machine is off");
        return new MachineExit(cause);
    }

    private void End(int signal)
    {
        lock (gate)
        {
            off?.TrySetResult(null);
            guest.Signal(signal);
        }
    }

    private async Task KillLaterAsync(int milliseconds)
    {
        try
        {
            await Task.Delay(TimeSpan.FromMilliseconds(milliseconds), context.Time, gone.Token);
            Kill();
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
        {
        }
    }
}
