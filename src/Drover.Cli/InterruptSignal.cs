using System.Runtime.InteropServices;

namespace Drover.Cli;

/// <summary>Turns signals into a cancellation that a command can answer; the second Ctrl-C ends the program at once.</summary>
/// <remarks>The command line library's own handling would kill the program two seconds after the first signal, which is too
/// short for <c>drover up</c> to take its machines down.</remarks>
internal sealed class InterruptSignal : IDisposable
{
    private readonly CancellationTokenSource _interrupted = new();
    private readonly List<PosixSignalRegistration> _registrations = [];
    private CancellationTokenSource? _armed;

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken Token => _interrupted.Token;

    /// <summary>The first signal that came. Null before.</summary>
    public PosixSignal? Received { get; private set; }

    public static InterruptSignal Listen()
    {
        var signal = new InterruptSignal();
        foreach (var name in (ReadOnlySpan<PosixSignal>)[PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP])
        {
            signal._registrations.Add(PosixSignalRegistration.Create(name, signal.On));
        }

        return signal;
    }

    /// <summary>A signal as a test raises it.</summary>
    internal void Raise(PosixSignal signal)
    {
        Received = signal;
        _interrupted.Cancel();
    }

    /// <summary>A token for the clean-up after the first signal: the second signal cancels it instead of ending the program.</summary>
    public CancellationToken ArmSecond()
    {
        _armed ??= new CancellationTokenSource();
        return _armed.Token;
    }

    public void Dispose()
    {
        _registrations.ForEach(r => r.Dispose());
        _interrupted.Dispose();
        _armed?.Dispose();
    }

    private void On(PosixSignalContext context)
    {
        context.Cancel = true;
        if (Received is null)
        {
            Raise(context.Signal);
        }
        else if (_armed is { IsCancellationRequested: false } armed)
        {
            armed.Cancel();
        }
        else
        {
            Environment.Exit(ExitCode.Interrupted);
        }
    }
}
