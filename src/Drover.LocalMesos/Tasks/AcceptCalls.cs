using Drover.LocalMesos.Wire;
using Drover.Mesos.V1.Scheduler;
using Microsoft.Extensions.Logging;

namespace Drover.LocalMesos;

/// <summary>Turns accepted offers into tasks.</summary>
/// <remarks>Launches only: this master has no reservations, volumes or task groups. As in Mesos an operation without id fails silently; its tasks, if it has any, get an error.</remarks>
internal sealed partial class AcceptCalls(MasterContext master, DeclineFilters filters)
{
    public void Accept(MasterFramework framework, Call.Types.Accept accept)
    {
        var ids = accept.OfferIds.Select(o => o.Value).ToList();
        var offers = ids.Distinct(StringComparer.Ordinal).Select(master.Offers.Find).Where(o => o?.FrameworkId == framework.Id).Select(o => o!).ToList();
        var refusal = Refusal(ids, offers);
        foreach (var offer in offers)
        {
            master.Offers.Remove(offer.Id);
        }

        if (refusal is not null)
        {
            foreach (var task in accept.Operations.SelectMany(TasksOf))
            {
                Answer(framework, task, framework.StateFor(TaskState.TaskDropped), TaskStatus.Types.Reason.InvalidOffers, $"Task launched with invalid offers: {refusal}");
            }

            return;
        }

        var agent = master.Books.Agents.GetValueOrDefault(offers[0].AgentId);
        var remaining = offers.Aggregate(Resources.Empty, (sum, o) => sum.Add(o.Resources));
        foreach (var operation in accept.Operations)
        {
            remaining = Perform(framework, agent, operation, remaining);
        }

        if (DeclineFilters.RefuseTime(accept.Filters) is { } refuse)
        {
            filters.Add(framework.Id, offers[0].Role, offers[0].AgentId, remaining, refuse);
        }
    }

    private static string? Refusal(List<string> ids, List<OutstandingOffer> offers) =>
        ids.Count == 0 ? "No offers specified"
        : ids.Distinct(StringComparer.Ordinal).Count() != ids.Count ? "Duplicate offer in offer list"
        : ids.FirstOrDefault(id => offers.All(o => o.Id != id)) is { } gone ? $"Offer {gone} is no longer valid"
        : offers.Select(o => o.AgentId).Distinct(StringComparer.Ordinal).Count() > 1 ? "Aggregated offers must belong to one single agent"
        : offers.Select(o => o.Role).Distinct(StringComparer.Ordinal).Count() > 1 ? "Aggregated offers must be allocated to the same role"
        : null;

    private static IEnumerable<TaskInfo> TasksOf(Offer.Types.Operation operation) =>
        (operation.Launch?.TaskInfos ?? []).Concat(operation.LaunchGroup?.TaskGroup.Tasks ?? []);

    private Resources Perform(MasterFramework framework, MasterAgent? agent, Offer.Types.Operation operation, Resources remaining)
    {
        if (operation.Type == Offer.Types.Operation.Types.Type.LaunchGroup)
        {
            foreach (var task in TasksOf(operation))
            {
                Answer(framework, task, TaskState.TaskError, TaskStatus.Types.Reason.TaskGroupInvalid, "This master has no task groups");
            }

            return remaining;
        }

        if (operation.Type != Offer.Types.Operation.Types.Type.Launch)
        {
            LogUnsupported(framework.Id, operation.Type);
            return remaining;
        }

        foreach (var task in TasksOf(operation))
        {
            if (agent is not { IsConnected: true })
            {
                Answer(framework, task, framework.StateFor(TaskState.TaskDropped),
                    agent is null ? TaskStatus.Types.Reason.AgentRemoved : TaskStatus.Types.Reason.AgentDisconnected, "The agent went away");
            }
            else if (TaskValidation.Refusal(framework, agent, task, remaining) is { } refusal)
            {
                Answer(framework, task, TaskState.TaskError, TaskStatus.Types.Reason.TaskInvalid, refusal);
            }
            else
            {
                remaining = remaining.Subtract(TaskValidation.Needed(agent, framework, task));
                Launch(framework, agent, task.Clone());
            }
        }

        return remaining;
    }

    private void Launch(MasterFramework framework, MasterAgent agent, TaskInfo task)
    {
        task.Executor = TaskValidation.WithFramework(task.Executor, framework.Info.Id);
        framework.Tasks[task.TaskId.Value] = MasterTask.Launched(framework.Info, task);
        agent.Executors.TryAdd((framework.Id, task.Executor.ExecutorId.Value), task.Executor);
        agent.Send(new MasterEvent { Type = MasterEvent.Types.Type.Launch, Launch = new() { Framework = framework.Info, Task = task } });
        LogLaunched(task.TaskId.Value, framework.Id, agent.Id);
    }

    private void Answer(MasterFramework framework, TaskInfo task, TaskState state, TaskStatus.Types.Reason reason, string message)
    {
        LogRefused(task.TaskId.Value, framework.Id, message);
        framework.Send(Events.Update(Events.Status(task.TaskId, task.AgentId, state, reason, message, master.Timestamp)));
    }

    private readonly ILogger _logger = master.Logger;

    [LoggerMessage(Level = LogLevel.Information, Message = "Task {TaskId} of framework {FrameworkId} launched on agent {AgentId}")]
    private partial void LogLaunched(string taskId, string frameworkId, string agentId);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Task {TaskId} of framework {FrameworkId} not launched: {Reason}")]
    private partial void LogRefused(string taskId, string frameworkId, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Operation {Operation} of framework {FrameworkId} is not supported and does nothing")]
    private partial void LogUnsupported(string frameworkId, Offer.Types.Operation.Types.Type operation);
}
