using Drover.Api.Agents.Streams;

namespace Drover.Api.Tests.Agents;

/// <summary>Both sides of a link in one process; each hears what the other sends, in order.</summary>
internal sealed class LinkPair : IAsyncDisposable
{
    private readonly CancellationTokenSource _end = new();
    private readonly Task[] _sending;

    public LinkPair(Func<LinkStream, Task> serve)
    {
        Agent = new LinkStreams(serve);
        _sending = [Run(Server, Agent), Run(Agent, Server)];
    }

    public LinkStreams Server { get; } = new();

    public LinkStreams Agent { get; }

    public static async Task UntilAsync(Func<bool> state, CancellationToken cancellationToken)
    {
        while (!state())
        {
            cancellationToken.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    /// <summary>Until neither side knows of a stream.</summary>
    public Task UntilNoneAsync(CancellationToken cancellationToken) => UntilAsync(() => Server.Count == 0 && Agent.Count == 0, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        Server.End("The test is over.");
        Agent.End("The test is over.");
        await _end.CancelAsync();
        await Task.WhenAll(_sending).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _end.Dispose();
    }

    private Task Run(LinkStreams from, LinkStreams to) =>
        Task.Run(() => from.SendAllAsync(
            (frame, _) =>
            {
                to.Heard(frame.Span);
                return ValueTask.CompletedTask;
            },
            _end.Token));
}
