using System.Threading.Channels;
using Drover.Mesos;
using Drover.Mesos.V1.Scheduler;
using Microsoft.Extensions.Logging;

namespace Drover.Scheduler.Session;

/// <summary>Sends the loop's calls in order, without making the loop wait for the master's answers.</summary>
internal sealed partial class CallSender(IMasterLink link, ILogger logger, Action<string>? reached)
{
    /// <summary>Answers that may be outstanding.</summary>
    private const int Window = 64;

    private readonly Channel<Call> _calls = Channel.CreateBounded<Call>(new BoundedChannelOptions(16 * 1024) { SingleReader = true });

    public ValueTask SendAsync(Call call, CancellationToken cancellationToken) => _calls.Writer.WriteAsync(call, cancellationToken);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var outstanding = new Queue<Task>();
        await foreach (var call in _calls.Reader.ReadAllAsync(cancellationToken))
        {
            outstanding.Enqueue(SendOneAsync(call, cancellationToken));
            while (outstanding.Count >= Window || (outstanding.TryPeek(out var oldest) && oldest.IsCompleted))
            {
                await outstanding.Dequeue();
            }
        }
    }

    private async Task SendOneAsync(Call call, CancellationToken cancellationToken)
    {
        try
        {
            reached?.Invoke($"master.{call.Type}:before");
            if (!await link.SendAsync(call, cancellationToken))
            {
                LogDropped(call.Type);
            }

            reached?.Invoke($"master.{call.Type}:after");
        }
        catch (Exception e) when (e is MesosException or ArgumentException)
        {
            LogRefused(call.Type, e.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Call} was not sent: there is no session")]
    private partial void LogDropped(Call.Types.Type call);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Call} was refused: {Problem}")]
    private partial void LogRefused(Call.Types.Type call, string problem);
}
