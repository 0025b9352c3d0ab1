using System.Threading.Channels;
using Drover.Api.Cattle;

namespace Drover.Server.Tests.Harness;

/// <summary>A subscriber whose events the test reads one by one.</summary>
internal sealed class EventReader : IAsyncDisposable
{
    private readonly Channel<CattleEvent> _events = Channel.CreateUnbounded<CattleEvent>();
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource<CattleEvent> _firstPing = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _reading = Task.CompletedTask;

    public int Pings { get; private set; }

    public Task Ended => _reading;

    public Task<CattleEvent> FirstPing => _firstPing.Task;

    public static async Task<EventReader> OpenAsync(CattleClient client, params string[] names)
    {
        var reader = new EventReader();
        reader._reading = reader.ReadAsync(client, names);
        await reader._firstPing.Task.WaitAsync(TestServer.Patience, TestServer.Token);
        return reader;
    }

    public async Task<CattleEvent> NextAsync()
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestServer.Token);
        patience.CancelAfter(TestServer.Patience);
        return await _events.Reader.ReadAsync(patience.Token);
    }

    /// <summary>Every event that was read.</summary>
    public List<CattleEvent> Seen { get; } = [];

    /// <summary>Reads on to the event that is meant; changes from before may still be on their way.</summary>
    public async Task<CattleEvent> UntilAsync(Func<CattleEvent, bool> meant)
    {
        while (true)
        {
            var e = await NextAsync();
            Seen.Add(e);
            if (meant(e))
            {
                return e;
            }
        }
    }

    /// <summary>Until at least so many pings have come.</summary>
    public async Task UntilPingsAsync(int count)
    {
        for (var began = TimeProvider.System.GetTimestamp(); Pings < count;)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began) < TestServer.Patience, $"{Pings} pings came instead of {count}.");
            await Task.Delay(2, TestServer.Token);
        }
    }

    public bool HasEvent => _events.Reader.TryPeek(out _);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task ReadAsync(CattleClient client, string[] names)
    {
        try
        {
            await foreach (var e in client.SubscribeAsync(names, null, _stop.Token))
            {
                if (e.Name == "ping")
                {
                    Pings++;
                    _firstPing.TrySetResult(e);
                }
                else
                {
                    _events.Writer.TryWrite(e);
                }
            }
        }
        catch (Exception e) when (e is OperationCanceledException or CattleException)
        {
            _firstPing.TrySetException(e);
        }
    }
}
