using Drover.Mesos;
using Drover.Mesos.V1;
using Drover.Scheduler.Storage;
using Microsoft.Extensions.Logging;
using MesosEvent = Drover.Mesos.V1.Scheduler.Event;
using TaskStatus = Drover.Mesos.V1.TaskStatus;

namespace Drover.Scheduler;

/// <summary>Takes in what the master says: the session's ups and downs, offers, task statuses.</summary>
internal sealed partial class MasterHearing(SchedulerDesks desks, SchedulerOptions options, LiveState live, ILogger logger)
{
    /// <summary>What is offered and not yet decided upon.</summary>
    public List<Offer> Offers { get; } = [];

    /// <summary>Why the master wants no more of us; null while it does.</summary>
    public SchedulerStopReason? Stopped { get; private set; }

    public void Hear(SchedulerSignal signal, Turn turn)
    {
        switch (signal)
        {
            case SchedulerSignal.Subscribed subscribed:
                turn.Changes.Framework = new FrameworkRecord(options.ClusterIdentity, options.Principal ?? "", subscribed.FrameworkId.Value);
                live.FrameworkId = subscribed.FrameworkId.Value;
                live.Master = subscribed.Master?.Id;
                Connect(null);
                desks.Demand.Connected();
                desks.Killer.Restart();
                desks.Commands.Restart();
                desks.Reconciler.Connected(turn);
                break;
            case SchedulerSignal.Disconnected disconnected:
                Connect($"no session with a Mesos master ({disconnected.Reason}); trying again.");
                break;
            case SchedulerSignal.Stopped stopped:
                LogStopped(stopped.Reason, stopped.Message);
                Connect($"the Mesos master said: {stopped.Message}. An operator has to decide (see the scheduler's log).");
                Stop(stopped.Reason, turn);
                break;
            case SchedulerSignal.Event { Message: var message }:
                Hear(message, turn);
                break;
        }
    }

    private void Hear(MesosEvent message, Turn turn)
    {
        switch (message.Type)
        {
            case MesosEvent.Types.Type.Offers:
                Offers.AddRange(message.Offers.Offers_);
                live.Counts.Offered(message.Offers.Offers_.Count);
                break;
            case MesosEvent.Types.Type.Rescind:
                Offers.RemoveAll(o => o.Id.Value == message.Rescind.OfferId.Value);
                break;
            case MesosEvent.Types.Type.Update:
                Receive(message.Update.Status, turn);
                break;
            case MesosEvent.Types.Type.Failure when message.Failure.ExecutorId is null && message.Failure.AgentId is not null:
                desks.Memory.Lost(message.Failure.AgentId.Value);
                break;
        }
    }

    private void Receive(TaskStatus status, Turn turn)
    {
        desks.Reconciler.Heard(status.TaskId.Value);
        var isOfPool = desks.Members.FindTask(status.TaskId.Value) is not null;
        if (desks.Tracker.Receive(status, turn))
        {
            desks.Reconciler.Ask(status.TaskId.Value, turn);
        }

        if (isOfPool && status.State.IsTerminal())
        {
            desks.Demand.Renew();
        }
    }

    /// <summary>A framework that was removed is dead with all its tasks. Taking a new id is harmless when there are none, else an operator allows it.</summary>
    private void Stop(SchedulerStopReason reason, Turn turn)
    {
        Stopped = reason;
        if (reason != SchedulerStopReason.FrameworkRemoved || (desks.Book.AnyTask && !options.AcceptNewFramework))
        {
            return;
        }

        foreach (var request in desks.Book.WithTask.ToList())
        {
            desks.Tracker.Receive(new TaskStatus { TaskId = new TaskID { Value = request.TaskId }, State = TaskState.TaskGone }, turn);
        }

        foreach (var member in desks.Members.All.Values)
        {
            turn.Forget(member);
        }

        turn.Changes.Framework = new FrameworkRecord(options.ClusterIdentity, options.Principal ?? "", "");
        live.FrameworkId = null;
    }

    private void Connect(string? problem)
    {
        Offers.Clear();
        live.MasterConnected = problem is null;
        live.MasterProblem = problem;
        desks.Board.Changed();
        if (problem is not null)
        {
            desks.Demand.Disconnected();
            desks.Reconciler.Disconnected();
        }
    }

    [LoggerMessage(Level = LogLevel.Critical, Message = "The Mesos master ended our framework ({Reason}): {Text}. Set AcceptNewFramework to subscribe as a new one and count the old one's machines as gone")]
    private partial void LogStopped(SchedulerStopReason reason, string text);
}
