using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using Drover.Api.Cattle;
using Drover.Cli.Local;

namespace Drover.Cli.Docker;

/// <summary>The background process behind <c>drover docker-env</c>: a socket that leads to one host until it is told to end, or nobody has used it for long.</summary>
/// <remarks>One per host, server and user, kept by a lock on <c>lock</c> in its folder; a killed one frees it. <c>pid</c> says which process it is.</remarks>
internal sealed class DockerProxy(string folder, ProcessTable processes)
{
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    public string Socket => Path.Combine(folder, "docker.sock");

    public string Address => $"unix://{Socket}";

    private string Lock => Path.Combine(folder, "lock");

    private string Pid => Path.Combine(folder, "pid");

    private string Log => Path.Combine(folder, "log");

    /// <summary>Serves the socket until it has been idle for so long. Returns at once when another process serves it.</summary>
    public async Task ServeAsync(CattleClient environment, string hostId, TimeSpan idle, TimeProvider time, CancellationToken cancellationToken)
    {
        if (TryHold() is not { } held)
        {
            return;
        }

        await using (held)
        {
            await File.WriteAllTextAsync(Pid, string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessId} {processes.StartTimeOf(Environment.ProcessId)}"), cancellationToken);
            File.Delete(Socket);
            await using var tunnel = new HostTunnel(environment, hostId);
            await using var socket = new DockerSocket(Socket, tunnel, time);
            using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1) < idle ? TimeSpan.FromSeconds(1) : idle, time);
            try
            {
                while (socket.Idle < idle && await timer.WaitForNextTickAsync(cancellationToken))
                {
                }
            }
            catch (OperationCanceledException)
            {
                // Told to end.
            }
        }
    }

    /// <summary>Starts it in the background, unless it runs, and waits until its socket answers.</summary>
    /// <param name="program">This program, and the arguments of the hidden command.</param>
    public async Task StartAsync(IReadOnlyList<string> program, TimeProvider time, CancellationToken cancellationToken)
    {
        if (await AnswersAsync(cancellationToken))
        {
            return;
        }

        var start = new ProcessStartInfo("/bin/sh", ["-c", "umask 077; exec setsid -- \"$@\" </dev/null >\"$0\" 2>&1", Log, .. program]) { UseShellExecute = false };
        using var process = Process.Start(start) ?? throw new CliFailure(ExitCode.Failed, "The background process could not be started.");
        var began = time.GetTimestamp();
        while (!await AnswersAsync(cancellationToken))
        {
            if (process.HasExited && process.ExitCode != 0)
            {
                throw new CliFailure(ExitCode.Failed, "The background process ended.", File.Exists(Log) ? await File.ReadAllTextAsync(Log, cancellationToken) : null);
            }

            if (time.GetElapsedTime(began) > Patience)
            {
                throw new CliFailure(ExitCode.Timeout, $"The socket '{Socket}' does not answer.", $"See {Log}.");
            }

            await Task.Delay(Pace, time, cancellationToken);
        }
    }

    /// <summary>Ends it, if it runs, and removes its folder.</summary>
    public async Task StopAsync(TimeProvider time, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (TryHold() is { } held)
            {
                await using (held)
                {
                    Directory.Delete(folder, recursive: true);
                }

                return;
            }

            if (await ReadPidAsync(cancellationToken) is var (pid, start))
            {
                ProcessSignal.Send(processes, pid, start, ProcessSignal.Terminate);
            }

            await Task.Delay(Pace, time, cancellationToken);
        }
    }

    /// <summary>Null where it is not written yet.</summary>
    private async Task<(int Pid, long Start)?> ReadPidAsync(CancellationToken cancellationToken)
    {
        try
        {
            return (await File.ReadAllTextAsync(Pid, cancellationToken)).Split(' ') is [var pid, var start]
                && int.TryParse(pid, CultureInfo.InvariantCulture, out var number) && long.TryParse(start, CultureInfo.InvariantCulture, out var at) ? (number, at) : null;
        }
        catch (IOException)
        {
            return null;
        }
    }

    private FileStream? TryHold()
    {
        try
        {
            return new FileStream(Lock, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e) when (e is not (DirectoryNotFoundException or PathTooLongException))
        {
            return null;
        }
    }

    private async Task<bool> AnswersAsync(CancellationToken cancellationToken)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(Socket), cancellationToken);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
