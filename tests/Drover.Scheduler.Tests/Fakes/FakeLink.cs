using System.Threading.Channels;
using Drover.Mesos;
using Drover.Mesos.V1.Scheduler;
using Drover.Scheduler.Session;
using TaskStatus = Drover.Mesos.V1.TaskStatus;

namespace Drover.Scheduler.Tests.Fakes;

/// <summary>One scheduler's session with the fake cluster.</summary>
internal sealed class FakeLink(FakeMaster master, Func<FrameworkSubscription> subscription) : IMasterLink
{
    private readonly Channel<SchedulerSignal> _signals = Channel.CreateUnbounded<SchedulerSignal>();

    public ChannelReader<SchedulerSignal> Signals => _signals.Reader;

    public void Start() => Subscribe();

    public void Subscribe() => master.Subscribed(this, subscription());

    public Task<bool> SendAsync(Call call, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        master.Handle(this, call);
        return Task.FromResult(true);
    }

    public void Write(SchedulerSignal signal) => _signals.Writer.TryWrite(signal);

    public void Emit(TaskStatus status) => Write(new SchedulerSignal.Event(new Event { Type = Event.Types.Type.Update, Update = new Event.Types.Update { Status = status.Clone() } }));

    public ValueTask DisposeAsync()
    {
        _signals.Writer.TryComplete();
        return ValueTask.CompletedTask;
    }
}
