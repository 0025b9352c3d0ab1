using System.Diagnostics;
using Drover.Cli.Output;

namespace Drover.Cli.Local;

/// <summary>A <c>droverd</c> that this program started: in a session of its own, so that no Ctrl-C of this terminal reaches it, with its output in the log file.</summary>
internal sealed class DaemonProcess : IDisposable
{
    private const long LongestLog = 16 * 1024 * 1024;
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(25);
    private static readonly TimeSpan LongestStart = TimeSpan.FromSeconds(120);

    private readonly Process _process;
    private readonly DataFolder _data;
    private readonly ProcessTable _processes;
    private readonly long _logStart;

    private DaemonProcess(Process process, DataFolder data, ProcessTable processes, long logStart)
    {
        _process = process;
        _data = data;
        _processes = processes;
        _logStart = logStart;
        StartTime = processes.StartTimeOf(process.Id) ?? 0;
    }

    public int Pid => _process.Id;

    public long StartTime { get; }

    public static IReadOnlyList<string> Arguments(UpOptions options, string images, string programs)
    {
        var arguments = new List<string> { "--data", options.Data.Path, "--listen", options.Listen!.ToString(), "--images", images, "--programs", programs, "--accel", options.Accelerator! };
        foreach (var (name, value) in new[] { ("--mesos", options.Mesos), ("--advertise", options.Advertise), ("--cache", options.Cache) })
        {
            if (value is not null)
            {
                arguments.AddRange([name, value]);
            }
        }

        return [.. arguments, .. options.PassedOn];
    }

    public static DaemonProcess Start(string program, IReadOnlyList<string> arguments, DataFolder data, ProcessTable processes)
    {
        var log = new FileInfo(data.LogFile);
        if (log is { Exists: true, Length: > LongestLog })
        {
            log.MoveTo(data.LogFile + ".1", overwrite: true);
        }

        var logStart = File.Exists(data.LogFile) ? new FileInfo(data.LogFile).Length : 0;

        // The shell only opens the log and hands its place (and process id) to setsid, and that to droverd.
        var start = new ProcessStartInfo("/bin/sh", ["-c", "umask 077; exec setsid -- \"$@\" </dev/null >>\"$0\" 2>&1", data.LogFile, program, .. arguments])
        {
            UseShellExecute = false,
            WorkingDirectory = "/",
        };
        var process = Process.Start(start) ?? throw new CliFailure(ExitCode.Failed, $"{program} could not be started.");
        return new DaemonProcess(process, data, processes, logStart);
    }

    /// <summary>Waits until it has announced itself and answers <c>/readyz</c>.</summary>
    /// <exception cref="CliFailure">It died, with the end of its log, or is not ready in time.</exception>
    public async Task<InstanceRecord> ReadyAsync(CliContext context, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(LongestStart, context.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            while (true)
            {
                if (_process.HasExited)
                {
                    throw new CliFailure(ExitCode.Failed, $"droverd ended with {_process.ExitCode} before it was ready. The end of its log:", LogTail(20));
                }

                if (_data.ReadInstance() is { } instance && instance.Pid == Pid && await Readiness.AskAsync(instance.Url, context, either.Token))
                {
                    return instance;
                }

                await Task.Delay(Pace, context.Time, either.Token);
            }
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new CliFailure(ExitCode.Failed, $"droverd was not ready after {Durations.Display(LongestStart)}. The end of its log:", LogTail(20));
        }
    }

    /// <summary>Completes when it has ended, with its exit code.</summary>
    public async Task<int> EndedAsync(CancellationToken cancellationToken)
    {
        await _process.WaitForExitAsync(cancellationToken);
        return _process.ExitCode;
    }

    /// <summary>What this start wrote to the log, the last lines of it.</summary>
    public string LogTail(int lines)
    {
        try
        {
            using var log = new FileStream(_data.LogFile, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            log.Seek(Math.Max(_logStart, log.Length - (64 * 1024)), SeekOrigin.Begin);
            using var reader = new StreamReader(log);
            var text = TextSafety.Console(reader.ReadToEnd()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
            return text.Length == 0 ? $"(nothing; {_data.LogFile})" : string.Join('\n', text.TakeLast(lines));
        }
        catch (IOException)
        {
            return $"({_data.LogFile} cannot be read)";
        }
    }

    /// <summary>Ends it and waits for that.</summary>
    public Task StopAsync(CliContext context) => Ending.OfAsync([new RunningProcess(Pid, StartTime, ["droverd"], null)], _processes, TimeSpan.FromSeconds(30), context.Time, CancellationToken.None);

    public void Dispose() => _process.Dispose();
}
