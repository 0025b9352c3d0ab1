using Drover.LocalMesos.Wire;
using Drover.Mesos.V1.Scheduler;
using Google.Protobuf.Collections;

namespace Drover.LocalMesos;

/// <summary>What subscribed frameworks ask for, once their session is checked.</summary>
internal sealed class SchedulerCalls(
    MasterContext master, Allocator allocator, DeclineFilters filters, FrameworkRemoval removal, AcceptCalls accepts, Reconciliation reconciliation, Subscriptions subscriptions)
{
    /// <summary>The checks of the call itself, before the framework is looked at. Null when it is well-formed.</summary>
    public static CallResult? Malformed(Call call) => call.Type switch
    {
        _ when !call.HasType || call.Type == Call.Types.Type.Unknown => CallResult.BadRequest("Failed to validate scheduler::Call: Expecting 'type' to be present"),
        Call.Types.Type.Subscribe when call.Subscribe is null => Missing("subscribe"),
        Call.Types.Type.Subscribe when (call.FrameworkId?.Value ?? "") != (call.Subscribe.FrameworkInfo.Id?.Value ?? "") =>
            CallResult.BadRequest("Failed to validate scheduler::Call: 'framework_id' differs from 'subscribe.framework_info.id'"),
        not Call.Types.Type.Subscribe when call.FrameworkId is null => Missing("framework_id"),
        Call.Types.Type.Accept when call.Accept is null => Missing("accept"),
        Call.Types.Type.Decline when call.Decline is null => Missing("decline"),
        Call.Types.Type.Kill when call.Kill is null => Missing("kill"),
        Call.Types.Type.Shutdown when call.Shutdown is null => Missing("shutdown"),
        Call.Types.Type.Acknowledge when call.Acknowledge is null => Missing("acknowledge"),
        Call.Types.Type.Acknowledge when !MesosUuid.IsValid(call.Acknowledge.Uuid) =>
            CallResult.BadRequest("Failed to validate scheduler::Call: Not a valid UUID"),
        Call.Types.Type.Reconcile when call.Reconcile is null => Missing("reconcile"),
        Call.Types.Type.Message when call.Message is null => Missing("message"),
        Call.Types.Type.Request when call.Request is null => Missing("request"),
        _ => null,
    };

    public CallResult Handle(Call call, string? streamId)
    {
        if (call.Type == Call.Types.Type.Subscribe)
        {
            return streamId is not null
                ? CallResult.BadRequest("Subscribe calls should not include the 'Mesos-Stream-Id' header")
                : subscriptions.Subscribe(call.Subscribe);
        }

        if (!master.Books.Frameworks.TryGetValue(call.FrameworkId.Value, out var framework))
        {
            return CallResult.BadRequest("Framework cannot be found");
        }

        if (framework.Stream is null)
        {
            return CallResult.Forbidden("Framework is not subscribed");
        }

        if (streamId is null)
        {
            return CallResult.BadRequest("All non-subscribe calls should include the 'Mesos-Stream-Id' header");
        }

        if (streamId != framework.StreamId)
        {
            return CallResult.BadRequest(
                $"The stream ID '{streamId}' included in this request didn't match the stream ID currently associated with framework ID '{framework.Id}'");
        }

        Do(framework, call);
        return CallResult.Accepted;
    }

    private void Do(MasterFramework framework, Call call)
    {
        switch (call.Type)
        {
            case Call.Types.Type.Teardown:
                removal.Remove(framework, "torn down by its scheduler");
                break;
            case Call.Types.Type.Accept:
                accepts.Accept(framework, call.Accept);
                break;
            case Call.Types.Type.Decline:
                Decline(framework, call.Decline);
                break;
            case Call.Types.Type.Revive:
                Revive(framework, call.Revive?.Roles ?? new RepeatedField<string>());
                break;
            case Call.Types.Type.Suppress:
                Suppress(framework, call.Suppress?.Roles ?? new RepeatedField<string>());
                break;
            case Call.Types.Type.Kill:
                Kill(framework, call.Kill);
                break;
            case Call.Types.Type.Shutdown:
                AgentOf(call.Shutdown.AgentId)?.Send(new MasterEvent
                {
                    Type = MasterEvent.Types.Type.ShutdownExecutor,
                    ShutdownExecutor = new() { FrameworkId = framework.Info.Id, ExecutorId = call.Shutdown.ExecutorId },
                });
                break;
            case Call.Types.Type.Acknowledge:
                Acknowledge(framework, call.Acknowledge);
                break;
            case Call.Types.Type.Reconcile:
                reconciliation.Reconcile(framework, call.Reconcile);
                break;
            case Call.Types.Type.Message:
                AgentOf(call.Message.AgentId)?.Send(new MasterEvent
                {
                    Type = MasterEvent.Types.Type.Message,
                    Message = new() { FrameworkId = framework.Info.Id, ExecutorId = call.Message.ExecutorId, Data = call.Message.Data },
                });
                break;
        }
    }

    private void Decline(MasterFramework framework, Call.Types.Decline decline)
    {
        var refuse = DeclineFilters.RefuseTime(decline.Filters);
        foreach (var id in decline.OfferIds)
        {
            if (master.Offers.Find(id.Value)?.FrameworkId != framework.Id || master.Offers.Remove(id.Value) is not { } offer)
            {
                continue;
            }

            if (refuse is { } time)
            {
                filters.Add(framework.Id, offer.Role, offer.AgentId, offer.Resources, time);
            }
        }
    }

    private void Revive(MasterFramework framework, RepeatedField<string> roles)
    {
        // One role that is not the framework's drops the whole call.
        if (!roles.All(framework.Roles.Contains))
        {
            return;
        }

        IReadOnlyCollection<string> revived = roles.Count > 0 ? roles : framework.Roles;
        framework.SuppressedRoles.ExceptWith(revived);
        filters.Clear(framework.Id, revived);
        allocator.Run();
    }

    private static void Suppress(MasterFramework framework, RepeatedField<string> roles)
    {
        if (roles.All(framework.Roles.Contains))
        {
            framework.SuppressedRoles.UnionWith(roles.Count > 0 ? roles : framework.Roles);
        }
    }

    private void Kill(MasterFramework framework, Call.Types.Kill kill)
    {
        if (!framework.Tasks.TryGetValue(kill.TaskId.Value, out var task))
        {
            // Answered as a question for this one task.
            var question = new Call.Types.Reconcile();
            question.Tasks.Add(new Call.Types.Reconcile.Types.Task { TaskId = kill.TaskId, AgentId = kill.AgentId });
            reconciliation.Reconcile(framework, question);
            return;
        }

        if ((kill.AgentId is { } agentId && agentId.Value != task.AgentId) || !master.Books.Agents.TryGetValue(task.AgentId, out var agent))
        {
            return;
        }

        var message = new MasterEvent
        {
            Type = MasterEvent.Types.Type.Kill,
            Kill = new() { FrameworkId = framework.Info.Id, TaskId = kill.TaskId, KillPolicy = kill.KillPolicy },
        };
        if (agent.IsConnected)
        {
            agent.Send(message);
        }
        else
        {
            agent.PendingKills.Add(message);
        }
    }

    private void Acknowledge(MasterFramework framework, Call.Types.Acknowledge acknowledge)
    {
        if (AgentOf(acknowledge.AgentId) is not { IsConnected: true } agent)
        {
            // The agent will send the update again.
            return;
        }

        if (framework.Tasks.TryGetValue(acknowledge.TaskId.Value, out var task)
            && task.ReportedState.IsTerminal() && task.Task.StatusUpdateUuid.Equals(acknowledge.Uuid))
        {
            framework.Complete(task, master.Options.MaxCompletedTasks);
        }

        agent.Send(new MasterEvent
        {
            Type = MasterEvent.Types.Type.Acknowledge,
            Acknowledge = new() { FrameworkId = framework.Info.Id, TaskId = acknowledge.TaskId, Uuid = acknowledge.Uuid },
        });
    }

    private MasterAgent? AgentOf(AgentID id) => master.Books.Agents.GetValueOrDefault(id.Value);

    private static CallResult Missing(string field) =>
        CallResult.BadRequest($"Failed to validate scheduler::Call: Expecting '{field}' to be present");
}
