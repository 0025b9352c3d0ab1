using System.Threading.Channels;
using Google.Protobuf;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Drover.LocalMesos;

/// <summary>Events on their way to one subscriber, in order.</summary>
/// <remarks>Unbounded, as Mesos' own: a reader that stops reading costs memory until its connection breaks. A message must not be changed after it was sent.</remarks>
internal sealed class EventStream
{
    private readonly Channel<IMessage> _events = Channel.CreateUnbounded<IMessage>(new UnboundedChannelOptions { SingleReader = true });

    public void Send(IMessage message) => _events.Writer.TryWrite(message);

    /// <summary>What was sent still goes out, then the stream ends.</summary>
    public void Close() => _events.Writer.TryComplete();

    /// <summary>Answers a SUBSCRIBE with this stream until it is closed or the subscriber goes away.</summary>
    public async Task ServeAsync(HttpContext http, CancellationToken stopping)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, stopping);
        http.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        http.Response.ContentType = MesosHttp.Protobuf;
        try
        {
            await http.Response.StartAsync(either.Token);
            await http.Response.BodyWriter.FlushAsync(either.Token);
            while (await _events.Reader.WaitToReadAsync(either.Token))
            {
                while (_events.Reader.TryRead(out var message))
                {
                    RecordIO.Write(http.Response.BodyWriter, message);
                }

                await http.Response.BodyWriter.FlushAsync(either.Token);
            }
        }
        catch (OperationCanceledException) when (either.IsCancellationRequested)
        {
            // A server that goes down breaks its connections; it does not end its streams.
            http.Abort();
        }
    }
}
