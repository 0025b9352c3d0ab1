using System.Text.Json;
using System.Threading.Channels;
using Drover.Api.Agents;

namespace Drover.Agent.Channel;

/// <summary>The talk with the executor. See <see cref="GuestMessage"/> for its rules.</summary>
/// <remarks>
/// Says hello each second until an identity comes, and again whenever the executor's side was away. To every identity it repeats the
/// last thing said, because whoever answers a second hello has not heard it. What is said while nobody listens is lost; only the last word counts.
/// </remarks>
internal sealed class GuestChannel(IGuestPort port, TimeProvider time, AgentLog log) : IDisposable
{
    private static readonly TimeSpan HelloInterval = TimeSpan.FromSeconds(1);

    private readonly Channel<GuestMessage> _identities = System.Threading.Channels.Channel.CreateBounded<GuestMessage>(
        new BoundedChannelOptions(4) { FullMode = BoundedChannelFullMode.DropOldest });

    private readonly SemaphoreSlim _writing = new(1, 1);
    private Stream? _stream;
    private GuestMessage? _lastWord;
    private TaskCompletionSource _answered = NewAnswer();

    /// <summary>Follows a line that is no identity, and returns what to answer, or null. The next line is read when it is done, so that a seed is taken
    /// before the identity behind it is looked at.</summary>
    public Func<GuestMessage, CancellationToken, Task<GuestMessage?>>? Orders { get; set; }

    /// <summary>Every <c>identity</c> message that came, newest kept.</summary>
    public ChannelReader<GuestMessage> Identities => _identities.Reader;

    /// <summary>Runs until cancelled; the executor may come and go.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var backoff = new Backoff(time, TimeSpan.FromMilliseconds(50), TimeSpan.FromSeconds(2), Random.Shared);
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await using var stream = await port.OpenAsync(cancellationToken);
                if (await TalkAsync(stream, cancellationToken) > 0)
                {
                    backoff.Reset();
                }
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                log.Say($"the channel to the executor broke: {e.Message}");
            }

            if (!cancellationToken.IsCancellationRequested)
            {
                await backoff.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    /// <summary>Tells the executor, and keeps it as the last word.</summary>
    public Task SayAsync(GuestMessage message, CancellationToken cancellationToken)
    {
        _lastWord = message;
        return TrySendAsync(message, cancellationToken);
    }

    /// <summary>Tells the executor once; if nobody listens, it is lost.</summary>
    public Task TellAsync(GuestMessage message, CancellationToken cancellationToken) => TrySendAsync(message, cancellationToken);

    public void Dispose() => _writing.Dispose();

    /// <returns>How many messages were understood.</returns>
    private async Task<int> TalkAsync(Stream stream, CancellationToken cancellationToken)
    {
        _stream = stream;
        _answered = NewAnswer();
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var greeting = GreetAsync(_answered.Task, ended.Token);
        var understood = 0;
        try
        {
            var reader = new LineReader(stream);
            while (await reader.ReadAsync(cancellationToken) is { } message)
            {
                understood++;
                await HearAsync(message, cancellationToken);
            }

            return understood;
        }
        finally
        {
            _stream = null;
            await ended.CancelAsync();
            await greeting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task HearAsync(GuestMessage message, CancellationToken cancellationToken)
    {
        if (message.Type != GuestMessage.Identity)
        {
            await FollowAsync(message, cancellationToken);
            return;
        }

        _answered.TrySetResult();
        _identities.Writer.TryWrite(message);
        if (_lastWord is { } word)
        {
            await TrySendAsync(word, cancellationToken);
        }
    }

    private async Task FollowAsync(GuestMessage message, CancellationToken cancellationToken)
    {
        if (Orders is not { } follow || message.Type is not (GuestMessage.Prepare or GuestMessage.Seed or GuestMessage.Park or GuestMessage.Inspect or GuestMessage.Grow or GuestMessage.Plugged))
        {
            return;
        }

        if (message.Type is GuestMessage.Inspect or GuestMessage.Grow or GuestMessage.Plugged)
        {
            // May take long, and the guest goes on meanwhile.
            _ = AnswerAsync(follow, message, cancellationToken);
            return;
        }

        _answered.TrySetResult();
        _lastWord = null;
        await AnswerAsync(follow, message, cancellationToken);
    }

    private async Task AnswerAsync(Func<GuestMessage, CancellationToken, Task<GuestMessage?>> follow, GuestMessage message, CancellationToken cancellationToken)
    {
        await Task.Yield();
        if (await follow(message, cancellationToken) is { } answer)
        {
            await TrySendAsync(answer, cancellationToken);
        }
    }

    private async Task GreetAsync(Task answered, CancellationToken cancellationToken)
    {
        var hello = new GuestMessage { Type = GuestMessage.Hello, Protocol = GuestMessage.CurrentProtocol, Version = AgentVersion.Text };
        while (!answered.IsCompleted)
        {
            await TrySendAsync(hello, cancellationToken);
            await Task.WhenAny(answered, Task.Delay(HelloInterval, time, cancellationToken));
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    private async Task TrySendAsync(GuestMessage message, CancellationToken cancellationToken)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(message, AgentJson.Default.GuestMessage);
        await _writing.WaitAsync(cancellationToken);
        try
        {
            if (_stream is { } stream)
            {
                // One write, so that a line is never cut by a restart of this program between two.
                await stream.WriteAsync((byte[])[.. json, (byte)'\n'], cancellationToken);
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // The reading side sees the same and opens anew.
        }
        finally
        {
            _writing.Release();
        }
    }

    private static TaskCompletionSource NewAnswer() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
