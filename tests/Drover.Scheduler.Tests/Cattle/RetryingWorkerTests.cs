using System.Collections.Concurrent;
using Drover.Scheduler.Cattle;
using Microsoft.Extensions.Time.Testing;

namespace Drover.Scheduler.Tests.Cattle;

public sealed class RetryingWorkerTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(1);
    private readonly FakeTimeProvider _time = new();
    private readonly ConcurrentQueue<(string Item, int Runs, double At)> _log = new();

    [Fact]
    public async Task Set_WorkThatAsksForMore_RunsAgainAfterItsDelay()
    {
        await using var worker = new Running(this, (_, runs) => runs < 2 ? TimeSpan.FromSeconds(3) : null);
        worker.Worker.Set("k", "a");
        await worker.UntilAsync(() => { _time.Advance(TimeSpan.FromSeconds(0.1)); return worker.Worker.Count == 0; });
        Assert.Equal([("a", 0), ("a", 1), ("a", 2)], _log.Select(l => (l.Item, l.Runs)));
        var times = _log.Select(l => l.At).ToList();
        Assert.All(times.Zip(times.Skip(1), (before, after) => after - before), gap => Assert.True(gap > 2.99, $"{gap} s"));
    }

    [Fact]
    public async Task Set_ManyTimesAtOnce_SendsTheFirstAndTheLastNoFasterThanTheSpacing()
    {
        await using var worker = new Running(this, (_, _) => TimeSpan.FromHours(1), TimeSpan.FromMilliseconds(250));
        worker.Worker.Set("k", "0");
        await worker.UntilAsync(() => _log.Count == 1);
        for (var i = 1; i < 10; i++)
        {
            worker.Worker.Set("k", $"{i}");
        }

        await worker.UntilAsync(() => { _time.Advance(TimeSpan.FromMilliseconds(10)); return _log.Count == 2; });
        Assert.Equal("9", _log.Last().Item);
        Assert.True(_log.Last().At >= 0.25, $"{_log.Last().At} s");
    }

    [Fact]
    public async Task Remove_WaitingItem_IsNotRunAgain()
    {
        await using var worker = new Running(this, (_, _) => TimeSpan.FromSeconds(1));
        worker.Worker.Set("k", "a");
        await worker.UntilAsync(() => _log.Count == 1);
        worker.Worker.Remove("k");
        worker.Worker.Set("other", "b");
        _time.Advance(TimeSpan.FromSeconds(10));
        await worker.UntilAsync(() => _log.Any(l => l.Item == "b"));
        Assert.Single(_log, l => l.Item == "a");
    }

    [Fact]
    public async Task Run_ManyItems_NeverMoreAtOnceThanAllowed()
    {
        var (now, most) = (0, 0);
        var counting = new Lock();
        var gate = new TaskCompletionSource();
        var worker = new RetryingWorker<string>(3, TimeSpan.Zero, _time, async (_, _, _) =>
        {
            lock (counting)
            {
                most = Math.Max(most, Interlocked.Increment(ref now));
            }

            await gate.Task;
            Interlocked.Decrement(ref now);
            return null;
        });
        for (var i = 0; i < 10; i++)
        {
            worker.Set($"{i}", "x");
        }

        using var stop = new CancellationTokenSource();
        var running = worker.RunAsync(stop.Token);
        await UntilAsync(() => now == 3);
        gate.SetResult();
        await UntilAsync(() => worker.Count == 0);
        Assert.Equal(3, most);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    [Fact]
    public async Task Work_ThatThrows_EndsTheRun()
    {
        var worker = new RetryingWorker<string>(1, TimeSpan.Zero, _time, (_, _, _) => throw new InvalidOperationException("broken"));
        worker.Set("k", "a");
        await Assert.ThrowsAsync<InvalidOperationException>(() => worker.RunAsync(TestContext.Current.CancellationToken));
    }

    private static async Task UntilAsync(Func<bool> state)
    {
        for (var began = TimeProvider.System.GetTimestamp(); !state();)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began) < s_patience, "The state did not come.");
            await Task.Delay(1, TestContext.Current.CancellationToken);
        }
    }

    private sealed class Running : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly Task _running;

        public Running(RetryingWorkerTests test, Func<string, int, TimeSpan?> work, TimeSpan spacing = default)
        {
            var start = test._time.GetUtcNow();
            Worker = new RetryingWorker<string>(4, spacing, test._time, (item, runs, _) =>
            {
                test._log.Enqueue((item, runs, (test._time.GetUtcNow() - start).TotalSeconds));
                return Task.FromResult(work(item, runs));
            });
            _running = Worker.RunAsync(_stop.Token);
        }

        public RetryingWorker<string> Worker { get; }

        public Task UntilAsync(Func<bool> state) => RetryingWorkerTests.UntilAsync(state);

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _stop.Dispose();
        }
    }
}
