using System.ComponentModel;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Drover.Executor.Processes;

/// <summary>A child that we own: its two streams, its end, and the right to kill it.</summary>
/// <remarks>
/// A thread of its own starts the child and then waits for it. It must live as long as the child, because "dies with its
/// parent" means the parent <em>thread</em> (prctl(2)): from a pool thread the child would die when the pool shrinks.
/// The streams are socket pairs, so reading them costs no thread.
/// </remarks>
internal sealed class ChildProcess : IDisposable
{
    private readonly Lock gate = new();
    private readonly TaskCompletionSource<ProcessExit> exited = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool reaped;

    private ChildProcess(Socket? input, Socket output, Socket error)
    {
        Input = input is null ? null : new NetworkStream(input, ownsSocket: true);
        Output = new NetworkStream(output, ownsSocket: true);
        Error = new NetworkStream(error, ownsSocket: true);
    }

    public int Pid { get; private set; }

    /// <summary>When it started, in clock ticks since the machine's boot: with the pid it names one process for ever. Null if it is gone already.</summary>
    public long? StartTime { get; private set; }

    /// <summary>Null for a child that takes none.</summary>
    public Stream? Input { get; }

    public Stream Output { get; }

    public Stream Error { get; }

    /// <summary>Completes when the process has ended and is reaped.</summary>
    public Task<ProcessExit> Exited => exited.Task;

    /// <exception cref="Win32Exception">It cannot be started.</exception>
    public static async Task<ChildProcess> StartAsync(ProcessSpec spec)
    {
        (Socket? input, var inputOfChild) = spec.TakesInput ? SocketPair() : (null, SpawnCall.NoInput);
        var (output, outputOfChild) = SocketPair();
        var (error, errorOfChild) = SocketPair();
        var child = new ChildProcess(input, output, error);
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() => child.StartAndWait(spec, inputOfChild, outputOfChild, errorOfChild, started), maxStackSize: 256 * 1024)
        {
            IsBackground = true,
            Name = Path.GetFileName(spec.Program),
        };
        thread.Start();
        try
        {
            await started.Task;
        }
        catch
        {
            child.Dispose();
            throw;
        }

        return child;
    }

    /// <summary>Sends a signal, unless the process is gone: its pid may belong to another by then.</summary>
    public void Signal(int signal)
    {
        lock (gate)
        {
            if (!reaped)
            {
                _ = LibC.Kill(Pid, signal);
            }
        }
    }

    public void Dispose()
    {
        Input?.Dispose();
        Output.Dispose();
        Error.Dispose();
    }

    private void StartAndWait(ProcessSpec spec, int input, int output, int error, TaskCompletionSource started)
    {
        if (spec.Niceness > 0)
        {
            // This thread's alone (nice(2), on Linux), and its child's.
            _ = LibC.Nice(spec.Niceness);
        }

        try
        {
            Pid = SpawnCall.Run(spec, input, output, error);
            StartTime = ProcessIdentity.StartTimeOf(Pid);
        }
        catch (Exception e)
        {
            reaped = true;
            started.SetException(e);
            return;
        }
        finally
        {
            if (input != SpawnCall.NoInput)
            {
                _ = LibC.Close(input);
            }

            _ = LibC.Close(output);
            _ = LibC.Close(error);
        }

        started.SetResult();
        exited.SetResult(Wait());
    }

    private unsafe ProcessExit Wait()
    {
        var information = stackalloc byte[128];
        while (LibC.WaitId(LibC.WaitForPid, Pid, information, LibC.WaitExited | LibC.WaitNoReap) != 0
            && Marshal.GetLastPInvokeError() == LibC.ErrorInterrupted)
        {
        }

        lock (gate)
        {
            reaped = true;
            // Fails only where SIGCHLD is ignored by inheritance: then the kernel has reaped it and knows no status.
            return LibC.WaitPid(Pid, out var status, 0) == Pid ? ProcessExit.FromWaitStatus(status) : new ProcessExit(255, 0);
        }
    }

    /// <summary>Two ends that are one connection; ours is closed to children.</summary>
    internal static unsafe (Socket Ours, int Theirs) SocketPair()
    {
        var pair = stackalloc int[2];
        if (LibC.SocketPair(LibC.SocketUnix, LibC.SocketStreamCloseOnExec, 0, pair) != 0)
        {
            throw new Win32Exception(Marshal.GetLastPInvokeError());
        }

        return (new Socket(new SafeSocketHandle(pair[0], ownsHandle: true)), pair[1]);
    }
}
