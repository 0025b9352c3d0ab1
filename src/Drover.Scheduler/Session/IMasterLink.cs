using System.Threading.Channels;
using Drover.Mesos;
using Drover.Mesos.V1.Scheduler;

namespace Drover.Scheduler.Session;

/// <summary>The wire to the master: <see cref="SchedulerConnection"/>, or a scripted master in tests.</summary>
/// <remarks>Signals come in order, for one reader. Calls are carried out in the order in which they were sent. A call without a session is dropped
/// and answers false: offers are void then, and everything else is repeated or reconciled.</remarks>
internal interface IMasterLink : IAsyncDisposable
{
    ChannelReader<SchedulerSignal> Signals { get; }

    void Start();

    Task<bool> SendAsync(Call call, CancellationToken cancellationToken);
}

internal sealed class MasterLink(SchedulerConnection connection) : IMasterLink
{
    public ChannelReader<SchedulerSignal> Signals => connection.Signals;

    public void Start() => connection.Start();

    public Task<bool> SendAsync(Call call, CancellationToken cancellationToken) => connection.SendAsync(call, cancellationToken);

    public ValueTask DisposeAsync() => connection.DisposeAsync();
}
