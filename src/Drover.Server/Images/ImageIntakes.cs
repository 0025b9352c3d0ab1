using Drover.Server.Processes;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Drover.Server.Images;

/// <summary>Runs the intakes of all images that are being added, each on its own; takes up those of an earlier run.</summary>
internal sealed partial class ImageIntakes(ImageShelf shelf, ImageIntake intake, TimeProvider time, ILogger<ImageIntakes> logger) : BackgroundService
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromMinutes(5);

    private static readonly TimeSpan AfterDefect = TimeSpan.FromSeconds(30);

    private readonly Lock _turn = new();

    /// <summary>Under <see cref="_turn"/>, as is the next.</summary>
    private readonly Dictionary<string, (Task Work, CancellationTokenSource Stop)> _running = new(StringComparer.Ordinal);

    private readonly Dictionary<string, int> _held = new(StringComparer.Ordinal);
    private readonly WakeSignal _wake = new(time);

    /// <summary>There is something new to do.</summary>
    public void Nudge() => _wake.Set();

    /// <summary>Ends the work on an image, and begins none until the result is disposed: its files may be removed in between.</summary>
    public async Task<IDisposable> HoldAsync(string name)
    {
        (Task Work, CancellationTokenSource Stop) running;
        lock (_turn)
        {
            _held[name] = _held.GetValueOrDefault(name) + 1;
            _running.Remove(name, out running);
        }

        if (running.Stop is { } stop)
        {
            await stop.CancelAsync();
            await running.Work;
            stop.Dispose();
        }

        return new Hold(this, name);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (shelf.Root is null)
        {
            return;
        }

        LogStarted(logger, shelf.Root);
        for (var failures = 0; !stoppingToken.IsCancellationRequested;)
        {
            try
            {
                if (failures == 0)
                {
                    shelf.Sweep();
                }

                Start(stoppingToken);
                failures = 0;
                await _wake.WaitAsync(time.GetUtcNow() + LookAgain, stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                break;
            }
            catch (Exception e)
            {
                failures++;
                LogFailed(logger, e, failures);
                await _wake.WaitAsync(time.GetUtcNow() + TimeSpan.FromSeconds(Math.Min(60, Math.Pow(2, failures))), stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }

        Task[] left;
        lock (_turn)
        {
            left = [.. _running.Values.Select(running => running.Work)];
        }

        await Task.WhenAll(left);
    }

    private void Start(CancellationToken stoppingToken)
    {
        lock (_turn)
        {
            foreach (var (name, running) in _running.Where(pair => pair.Value.Work.IsCompleted).ToList())
            {
                _running.Remove(name);
                running.Stop.Dispose();
            }

            foreach (var request in shelf.Requests().Where(request => ImageLifecycle.IsMoving(request.State) && !_running.ContainsKey(request.Name) && !_held.ContainsKey(request.Name)))
            {
                var stop = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
                var work = RunAsync(request.Name, stop.Token);
                _running[request.Name] = (work, stop);

                // What changed the request while the work was ending may have found it still running.
                _ = work.ContinueWith(_ => Nudge(), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            }
        }
    }

    private void Release(string name)
    {
        lock (_turn)
        {
            if (--_held[name] == 0)
            {
                _held.Remove(name);
            }
        }

        Nudge();
    }

    private async Task RunAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            await Task.Yield();
            await intake.RunAsync(name, cancellationToken);
            if (shelf.Find(name) is { } image)
            {
                LogEnded(logger, name, image.State, image.Message ?? "");
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
        }
        catch (Exception e)
        {
            LogBroke(logger, e, name);
            await Task.Delay(AfterDefect, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Images are kept in {Folder}")]
    private static partial void LogStarted(ILogger logger, string folder);

    [LoggerMessage(Level = LogLevel.Information, Message = "Image {Name} is {State} {Detail}")]
    private static partial void LogEnded(ILogger logger, string name, ImageState state, string detail);

    [LoggerMessage(Level = LogLevel.Error, Message = "Looking for images to add failed ({Failures} in a row)")]
    private static partial void LogFailed(ILogger logger, Exception exception, int failures);

    [LoggerMessage(Level = LogLevel.Error, Message = "Adding the image {Name} failed unexpectedly")]
    private static partial void LogBroke(ILogger logger, Exception exception, string name);

    private sealed class Hold(ImageIntakes intakes, string name) : IDisposable
    {
        private bool _released;

        public void Dispose()
        {
            if (!Interlocked.Exchange(ref _released, true))
            {
                intakes.Release(name);
            }
        }
    }
}
