using System.Threading.Channels;
using Drover.Server.Api.Output;
using Drover.Server.Identity;

namespace Drover.Server.Events;

/// <summary>One subscriber: what it wants, under which names it gets it, and a short queue. A reader that falls behind is dropped.</summary>
internal sealed class Subscription
{
    public const int QueueLength = 100;
    private readonly Channel<EventMessage> _queue = Channel.CreateBounded<EventMessage>(new BoundedChannelOptions(QueueLength) { SingleReader = true });
    private readonly string[] _names;

    /// <param name="names">Effective names: with the account's or agent's suffix for subscribers that are bound to one.</param>
    public Subscription(IEnumerable<string> names, Caller caller, OutputContext output)
    {
        _names = [.. names.Distinct(StringComparer.Ordinal)];
        Caller = caller;
        Output = output;
    }

    public Caller Caller { get; }

    /// <summary>How resources are written for this subscriber.</summary>
    public OutputContext Output { get; }

    public IReadOnlyList<string> Names => _names;

    public ChannelReader<EventMessage> Queue => _queue.Reader;

    public bool Wants(string name) => Array.Exists(_names, pattern => Matches(pattern, name));

    /// <summary>Queues the event; a full queue ends the subscription.</summary>
    public void Offer(EventMessage message)
    {
        if (!_queue.Writer.TryWrite(message))
        {
            _queue.Writer.TryComplete(new SlowReaderException());
        }
    }

    /// <summary>The name as this subscriber asked for it: the server's own suffix is taken off again (cattle-api §2.1).</summary>
    public string DeliveredName(string name) => Caller.IsRaw ? name : name.Split(';', 2)[0];

    /// <summary>A pattern may have <c>*</c> anywhere.</summary>
    private static bool Matches(string pattern, string name)
    {
        if (!pattern.Contains('*', StringComparison.Ordinal))
        {
            return pattern == name;
        }

        var parts = pattern.Split('*');
        if (!name.StartsWith(parts[0], StringComparison.Ordinal))
        {
            return false;
        }

        var at = parts[0].Length;
        for (var i = 1; i < parts.Length - 1; i++)
        {
            var found = name.IndexOf(parts[i], at, StringComparison.Ordinal);
            if (found < 0)
            {
                return false;
            }

            at = found + parts[i].Length;
        }

        return name.Length - at >= parts[^1].Length && name.EndsWith(parts[^1], StringComparison.Ordinal);
    }
}

/// <summary>The subscriber did not read fast enough.</summary>
internal sealed class SlowReaderException() : Exception("The subscriber reads too slowly.");
