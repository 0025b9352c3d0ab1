using System.Threading.Channels;

namespace Drover.Executor.Machines;

/// <summary>The events of one machine in the order of their arrival. Posting to a life that is over does nothing.</summary>
internal sealed class MachineEvents
{
    private readonly Channel<MachineEvent> channel = Channel.CreateBounded<MachineEvent>(new BoundedChannelOptions(64) { SingleReader = true });

    internal ValueTask<MachineEvent> NextAsync() => channel.Reader.ReadAsync(CancellationToken.None);

    internal async ValueTask PostAsync(MachineEvent happened)
    {
        try
        {
            await channel.Writer.WriteAsync(happened, CancellationToken.None);
        }
        catch (ChannelClosedException)
        {
        }
    }

    /// <summary>From places that cannot wait.</summary>
    internal void Post(MachineEvent happened) => _ = PostAsync(happened).AsTask();

    /// <summary>For what may be lost when there is much to do, such as progress.</summary>
    internal void Offer(MachineEvent happened) => channel.Writer.TryWrite(happened);

    internal void Close() => channel.Writer.TryComplete();
}
