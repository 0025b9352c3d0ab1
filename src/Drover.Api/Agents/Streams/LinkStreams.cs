using System.Text;
using System.Threading.Channels;

namespace Drover.Api.Agents.Streams;

/// <summary>Many flow-controlled streams over one link (docs/protocols/agent-link.md). The server opens them, the agent serves them.</summary>
/// <remarks>
/// One loop sends: what keeps streams alive first (openings, windows, resets), then data, one frame of each writing stream in turn, since a stream stands in the queue once.
/// Receiving never waits for a reader: a stream holds no more than its window, and more is a breach of the protocol. So a slow reader stops its own writer and nobody else.
/// </remarks>
public sealed class LinkStreams
{
    /// <summary>Streams of one link at a time; the next is refused.</summary>
    public const int MaxStreams = 512;

    private const int MaxTarget = 4 * 1024;
    private const int MaxReason = 1024;
    private const int MaxUrgent = 4 * MaxStreams;

    /// <summary>Streams that are served at a time. An opening may overtake the last bytes of streams that are over for who opens.</summary>
    private const int MaxServed = 2 * MaxStreams;

    private readonly Lock _gate = new();
    private readonly Dictionary<uint, LinkStream> _streams = [];
    private readonly Channel<byte[]> _urgent = Channel.CreateUnbounded<byte[]>(); // one that can be counted
    private readonly Channel<LinkStream> _saying = Channel.CreateUnbounded<LinkStream>(new UnboundedChannelOptions { SingleReader = true }); // those with something in their outbox
    private readonly Channel<bool> _waiting = Channel.CreateUnbounded<bool>(new UnboundedChannelOptions { SingleReader = true }); // one entry for each in the other two
    private readonly Func<LinkStream, Task>? _serve;
    private uint _last;
    private Exception? _ended;

    /// <param name="serve">Called, not awaited, for each stream that the other side opens: it accepts or resets it. Null on the side that opens.</param>
    public LinkStreams(Func<LinkStream, Task>? serve = null) => _serve = serve;

    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _streams.Count;
            }
        }
    }

    /// <summary>Nothing can be opened any more.</summary>
    public bool IsOver
    {
        get
        {
            lock (_gate)
            {
                return _ended is not null;
            }
        }
    }

    /// <summary>Opens a stream and waits until the other side has reached the target.</summary>
    /// <exception cref="StreamResetException">It was refused, could not be reached, or the link broke.</exception>
    public async Task<LinkStream> OpenAsync(StreamTarget target, CancellationToken cancellationToken)
    {
        LinkStream stream;
        lock (_gate)
        {
            if (_ended is not null)
            {
                throw _ended;
            }

            if (_streams.Count >= MaxStreams)
            {
                throw new StreamResetException(StreamFault.Limit, $"This host has {MaxStreams} streams open already; close some.");
            }

            stream = new LinkStream(this, ++_last, target);
            _streams.Add(stream.Number, stream);

            // Under the lock: numbers leave in ascending order.
            SendSoon(StreamFrame.Write(StreamFrameType.Open, stream.Number, target.ToBytes()));
        }

        try
        {
            await stream.Accepted.WaitAsync(cancellationToken);
            return stream;
        }
        catch
        {
            await stream.DisposeAsync();
            throw;
        }
    }

    /// <summary>Takes a binary message of the link. Never waits for anybody.</summary>
    /// <exception cref="StreamProtocolException">The link must end.</exception>
    public void Heard(ReadOnlySpan<byte> message)
    {
        var frame = StreamFrame.Read(message);
        if (frame.Type == StreamFrameType.Open)
        {
            Opened(frame);
            return;
        }

        LinkStream? stream;
        lock (_gate)
        {
            if (frame.Stream > _last)
            {
                throw new StreamProtocolException($"a frame for stream {frame.Stream}, which nobody opened");
            }

            _streams.TryGetValue(frame.Stream, out stream);
        }

        // One that is over here may have frames under way.
        stream?.Heard(frame);
    }

    /// <summary>Sends until cancelled or <paramref name="send"/> fails. Runs once.</summary>
    public async Task SendAllAsync(Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask> send, CancellationToken cancellationToken)
    {
        while (true)
        {
            await _waiting.Reader.ReadAsync(cancellationToken);
            if (_urgent.Reader.TryRead(out var frame))
            {
                await send(frame, cancellationToken);
            }
            else if (_saying.Reader.TryRead(out var stream))
            {
                var more = false;
                (frame, more) = stream.TakeFrame();
                if (frame is not null)
                {
                    await send(frame, cancellationToken);
                }

                if (more)
                {
                    Says(stream);
                }
            }
        }
    }

    /// <summary>The link is over: all streams end with this reason, and no more can be opened.</summary>
    public void End(string reason)
    {
        List<LinkStream> streams;
        var fault = new StreamResetException(StreamFault.Failed, reason);
        lock (_gate)
        {
            _ended ??= fault;
            streams = [.. _streams.Values];
            _streams.Clear();
        }

        foreach (var stream in streams)
        {
            stream.Fail(fault, drop: true);
        }
    }

    internal void SendSoon(byte[] frame)
    {
        if (_ended is null && _urgent.Writer.TryWrite(frame))
        {
            _waiting.Writer.TryWrite(true);
        }
    }

    /// <summary>The stream's outbox has something that is not in the queue yet.</summary>
    internal void Says(LinkStream stream)
    {
        if (_ended is null && _saying.Writer.TryWrite(stream))
        {
            _waiting.Writer.TryWrite(true);
        }
    }

    internal static byte[] ResetFrame(uint stream, StreamFault fault, string reason)
    {
        var text = Encoding.UTF8.GetBytes(reason);
        return StreamFrame.Write(StreamFrameType.Reset, stream, [(byte)fault, .. text.AsSpan(0, Math.Min(text.Length, MaxReason))]);
    }

    /// <summary>False when it was over already.</summary>
    internal bool Forget(LinkStream stream)
    {
        lock (_gate)
        {
            return _streams.Remove(stream.Number);
        }
    }

    private void Opened(StreamFrame frame)
    {
        if (_serve is null)
        {
            throw new StreamProtocolException("a stream from the side that opens none");
        }

        if (_urgent.Reader.Count > MaxUrgent)
        {
            throw new StreamProtocolException("more openings than answers are taken");
        }

        LinkStream? stream = null;
        lock (_gate)
        {
            if (frame.Stream <= _last)
            {
                throw new StreamProtocolException($"stream {frame.Stream} after stream {_last}");
            }

            _last = frame.Stream;
            var target = frame.Payload.Length <= MaxTarget ? StreamTarget.Parse(frame.Payload) : null;
            if (target is null)
            {
                SendSoon(ResetFrame(frame.Stream, StreamFault.Refused, "This is no target of a stream."));
            }
            else if (_streams.Count >= MaxServed)
            {
                SendSoon(ResetFrame(frame.Stream, StreamFault.Limit, $"This host has {MaxStreams} streams open already."));
            }
            else
            {
                stream = new LinkStream(this, frame.Stream, target);
                _streams.Add(stream.Number, stream);
            }
        }

        if (stream is not null)
        {
            _ = ServeAsync(stream);
        }
    }

    private async Task ServeAsync(LinkStream stream)
    {
        await Task.Yield(); // the receiving loop goes on
        try
        {
            await _serve!(stream);
        }
        catch (Exception e)
        {
            stream.Reset(StreamFault.Failed, e.Message);
        }
    }
}
