using System.Runtime.InteropServices;
using Drover.Cli.Doctor;
using Drover.Cli.Output;

namespace Drover.Cli.Local;

/// <summary><c>drover up</c>: tools, image, services, first host; then stays, or returns with <c>--detach</c>.</summary>
/// <remarks>
/// Whatever fails or is interrupted before the services are ready leaves nothing running. From then on they belong to the
/// data folder, not to this program: killed, it leaves them running. In the foreground, Ctrl-C is <c>drover down</c>; SIGTERM and a closed
/// terminal stop the services and leave the hosts (<c>drover down --keep-hosts</c>), so that a log-out destroys nothing.
/// </remarks>
internal sealed class UpRunner(UpOptions asked, CliContext context, Func<IStepBoard> newBoard)
{
    private static readonly TimeSpan LongestInBetween = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan LongestEnding = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(100);

    private readonly ProcessTable _processes = new(context.ProcFolder);
    private readonly DataFolder _data = asked.Data;

    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(_data.Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var options = UpMemory.Complete(asked);
        DaemonProcess? daemon = null;
        int result;
        try
        {
            InstanceRecord instance;
            var board = newBoard();
            await using (board)
            {
                using (await TurnLock.TakeAsync(_data, context.Time, () => board.Say($"Another 'drover up' or 'drover down' works on {_data.Path}; waiting for it."), cancellationToken))
                {
                    switch (await DecideAsync(options, board, cancellationToken))
                    {
                        case UpDecision.AlreadyRunning running:
                            await board.DisposeAsync();
                            return UpSummary.WriteAlreadyRunning(running.Instance, asked, context);
                        case UpDecision.Refuse refuse:
                            throw new CliFailure(ExitCode.Failed, refuse.Message, refuse.Advice);
                        case UpDecision.Start { AfterCrash: true }:
                            board.Say("The last droverd did not stop cleanly; what still runs is found again.");
                            break;
                    }

                    (daemon, instance) = await StartAsync(options, board, cancellationToken);
                }

                result = await FirstHost.EnsureAsync(options, instance, board, context, cancellationToken);
            }

            await UpSummary.WriteAsync(instance, options, context, cancellationToken);
        }
        catch (CliFailure e) when (e.ExitCode == ExitCode.Interrupted && daemon is not null && !options.Detach)
        {
            return await InterruptedAsync();
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested && daemon is not null && !options.Detach)
        {
            return await InterruptedAsync();
        }

        using (daemon)
        {
            return options.Detach || daemon is null ? result : await StayAsync(daemon, cancellationToken);
        }
    }

    /// <summary>What is on the folder and the port; waits while another droverd of the folder is between two states.</summary>
    private async Task<UpDecision> DecideAsync(UpOptions options, IStepBoard board, CancellationToken cancellationToken)
    {
        var began = context.Time.GetTimestamp();
        for (var first = true; ; first = false)
        {
            var record = _data.ReadInstance();
            var alive = record is not null && _processes.IsAlive(record.Pid, record.StartTime);
            var port = alive || options.Listen!.Port == 0 ? null : PortUse.Probe(options.Listen);
            var decision = UpDecision.Decide(
                new UpFindings
                {
                    Record = record,
                    RecordIsAlive = alive,
                    RecordAnswers = alive && await Readiness.AskAsync(record!.Url, context, cancellationToken),
                    Daemon = alive ? null : _processes.DaemonOf(_data),
                    Port = port,
                    PortOwner = port is null ? null : PortUse.Owner(options.Listen!.Port, _processes, context.ProcFolder),
                },
                options.Listen!);
            var waited = context.Time.GetElapsedTime(began);
            switch (decision)
            {
                case UpDecision.Refuse { MayPass: true } when waited < LongestEnding:
                    break;
                case UpDecision.InBetween between when waited >= LongestInBetween:
                    return new UpDecision.Refuse($"A droverd of {_data.Path} (process {between.Pid}) gets neither ready nor ends.", $"Its log is {_data.LogFile}. 'drover down --data {_data.Path}' ends it.");
                case UpDecision.InBetween between when first:
                    board.Say($"A droverd of {_data.Path} (process {between.Pid}) is starting or stopping; waiting for it.");
                    break;
                case UpDecision.InBetween:
                    break;
                default:
                    return decision;
            }

            await Task.Delay(Pace, context.Time, cancellationToken);
        }
    }

    private async Task<(DaemonProcess Daemon, InstanceRecord Instance)> StartAsync(UpOptions options, IStepBoard board, CancellationToken cancellationToken)
    {
        var steps = new StepRunner(board, context.Time);
        var checkout = Checkout.Find(context);
        await steps.RunAsync("tools", _ => Task.FromResult(Tools.Check(options, context)));
        await LocalLedger.ClearUpAsync(_data, board.Say, context, cancellationToken);
        await steps.RunAsync("image", note => EnsureImageAsync(options, new GuestImages(checkout, context.ProgramFolder), note, cancellationToken));

        DaemonProcess? daemon = null;
        InstanceRecord? instance = null;
        try
        {
            await steps.RunAsync("services", async _ =>
            {
                File.Delete(_data.InstanceFile);
                daemon = DaemonProcess.Start(Tools.Daemon(context), DaemonProcess.Arguments(options, checkout.ImagesFolder, context.ProgramFolder), _data, _processes);
                instance = await daemon.ReadyAsync(context, cancellationToken);
                return new StepResult(instance.Url.GetLeftPart(UriPartial.Authority));
            });
            UpMemory.Keep(options);
            return (daemon!, instance!);
        }
        catch
        {
            if (daemon is not null)
            {
                await daemon.StopAsync(context);
                daemon.Dispose();
            }

            throw;
        }
    }

    private static async Task<StepResult> EnsureImageAsync(UpOptions options, GuestImages images, Action<string> note, CancellationToken cancellationToken)
    {
        if (options.IsSimulated)
        {
            return new StepResult("not needed: machines are simulated", Skipped: true);
        }

        if (options.Image != GuestImages.Standard && images.Exists(options.Image))
        {
            return new StepResult($"'{options.Image}' is there", Skipped: true);
        }

        if (options.Image != GuestImages.Standard)
        {
            throw new CliFailure(ExitCode.NotFound, $"There is no image '{options.Image}'.", $"'drover image ls' lists them; 'drover image build {options.Image}' makes one.");
        }

        if (await images.IsCurrentAsync(options.Image, cancellationToken))
        {
            return new StepResult("up to date", Skipped: true);
        }

        note("being made, once; this takes minutes");
        await images.MakeAsync(options.Image, [], line => note(line.TrimStart('=', '>', ' ')), cancellationToken);
        return new StepResult(null);
    }

    private async Task<int> StayAsync(DaemonProcess daemon, CancellationToken cancellationToken)
    {
        context.Console.Error.WriteLine("Ctrl-C stops the services and removes the hosts; 'drover down --keep-hosts' leaves the hosts running.");
        try
        {
            var exit = await daemon.EndedAsync(cancellationToken);

            // Stopped by 'drover down' elsewhere, or by itself.
            return exit == 0 ? ExitCode.Ok : throw new CliFailure(ExitCode.Failed, $"droverd ended with {exit}. The end of its log:", daemon.LogTail(20));
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return await InterruptedAsync();
        }
    }

    private async Task<int> InterruptedAsync()
    {
        var keepHosts = context.Interrupt.Received is not PosixSignal.SIGINT;
        var down = new DownRunner(_data, keepHosts, DownRunner.StandardPatience, context, newBoard, keepIfProtected: true);
        return await down.RunAsync(context.Interrupt.ArmSecond());
    }
}
