using Drover.Mesos.V1.Scheduler;

namespace Drover.LocalMesos;

/// <summary>Events to schedulers.</summary>
internal static class Events
{
    public static Event Heartbeat => new() { Type = Event.Types.Type.Heartbeat };

    public static Event Error(string message) => new() { Type = Event.Types.Type.Error, Error = new() { Message = message } };

    public static Event Rescind(string offerId) =>
        new() { Type = Event.Types.Type.Rescind, Rescind = new() { OfferId = new OfferID { Value = offerId } } };

    public static Event Update(TaskStatus status) => new() { Type = Event.Types.Type.Update, Update = new() { Status = status } };

    public static Event AgentFailure(AgentID agent) => new() { Type = Event.Types.Type.Failure, Failure = new() { AgentId = agent } };

    public static Event ExecutorFailure(AgentID agent, ExecutorID executor, int status) =>
        new() { Type = Event.Types.Type.Failure, Failure = new() { AgentId = agent, ExecutorId = executor, Status = status } };

    /// <summary>A status of the master's own: without uuid, so that nobody acknowledges it.</summary>
    public static TaskStatus Status(
        TaskID task, AgentID? agent, TaskState state, TaskStatus.Types.Reason reason, string message, double timestamp) => new()
        {
            TaskId = task,
            AgentId = agent,
            State = state,
            Reason = reason,
            Source = TaskStatus.Types.Source.Master,
            Message = message,
            Timestamp = timestamp,
        };
}
