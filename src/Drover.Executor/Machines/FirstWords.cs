using System.Runtime.CompilerServices;
using Drover.Api.Agents;

namespace Drover.Executor.Machines;

/// <summary>Lets a driver hear the guest's first words, before the supervisor listens: whether a copy has taken its seed decides whether it is used at all.</summary>
internal sealed class FirstWords : IGuestChannel, IAsyncDisposable
{
    private readonly IGuestChannel inner;
    private readonly CancellationTokenSource over = new();
    private readonly IAsyncEnumerator<GuestMessage> words;
    private Task<bool> next;
    private GuestMessage? heard;

    internal FirstWords(IGuestChannel inner)
    {
        this.inner = inner;
        words = inner.ReadAsync(over.Token).GetAsyncEnumerator(over.Token);

        // Only who reads is connected.
        next = words.MoveNextAsync().AsTask();
    }

    /// <summary>Waits for a word of the type and passes over others. The supervisor hears it too, as the first.</summary>
    internal async Task<GuestMessage> HearAsync(string type, CancellationToken cancellationToken)
    {
        while (await next.WaitAsync(cancellationToken))
        {
            heard = words.Current;
            next = words.MoveNextAsync().AsTask();
            if (heard.Type == type)
            {
                return heard;
            }
        }

        throw new IOException("The guest's channel ended.");
    }

    public Task Connected => inner.Connected;

    public Task<bool> SendAsync(GuestMessage message, CancellationToken cancellationToken) => inner.SendAsync(message, cancellationToken);

    public async IAsyncEnumerable<GuestMessage> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var ending = cancellationToken.Register(over.Cancel);
        if (heard is { } first)
        {
            yield return first;
        }

        while (await next)
        {
            yield return words.Current;
            next = words.MoveNextAsync().AsTask();
        }
    }

    /// <summary>Stops listening. For a copy that is given up.</summary>
    public async ValueTask DisposeAsync()
    {
        await over.CancelAsync();
        await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await words.DisposeAsync();
        over.Dispose();
    }
}
