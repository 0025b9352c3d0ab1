using Drover.LocalMesos.Wire;
using Drover.Mesos.V1.Scheduler;
using Microsoft.AspNetCore.Http;

namespace Drover.LocalMesos;

/// <summary>What registered agents report.</summary>
internal sealed class AgentCalls(MasterContext master, AgentRegistration registration, Allocator allocator)
{
    public CallResult Handle(AgentCall call, string? session)
    {
        if (call.Type == AgentCall.Types.Type.Subscribe)
        {
            return call.Subscribe is null ? CallResult.BadRequest("Expecting 'subscribe' to be present") : registration.Subscribe(call.Subscribe);
        }

        if (session is null || master.Books.Agents.Values.FirstOrDefault(a => a.Session == session) is not { } agent)
        {
            return new CallResult(StatusCodes.Status409Conflict, "The session is over: subscribe again");
        }

        if (!agent.IsConfirmed)
        {
            agent.Confirm();
            allocator.Run([agent]);
        }

        switch (call.Type)
        {
            case AgentCall.Types.Type.Update when call.Update is { } update:
                Update(agent, update);
                break;
            case AgentCall.Types.Type.ExecutorExited when call.ExecutorExited is { } exited:
                agent.Executors.Remove((exited.FrameworkId.Value, exited.ExecutorId.Value));
                FrameworkOf(exited.FrameworkId)?.Send(Events.ExecutorFailure(agent.Info.Id, exited.ExecutorId, exited.Status));
                break;
            case AgentCall.Types.Type.Message when call.Message is { } message:
                FrameworkOf(message.FrameworkId)?.Send(new Event
                {
                    Type = Event.Types.Type.Message,
                    Message = new() { AgentId = agent.Info.Id, ExecutorId = message.ExecutorId, Data = message.Data },
                });
                break;
            case AgentCall.Types.Type.Pong:
                AgentLiveness.Answered(agent);
                break;
            default:
                return CallResult.BadRequest($"A {call.Type} call without its content");
        }

        return CallResult.Accepted;
    }

    /// <summary>The framework gets it when it is there; else the agent sends it again later. The books follow the newest state in any case.</summary>
    private void Update(MasterAgent agent, AgentCall.Types.Update update)
    {
        if (FrameworkOf(update.FrameworkId) is not { } framework)
        {
            return;
        }

        var status = update.Status.Clone();
        status.AgentId = agent.Info.Id;
        framework.Tasks.GetValueOrDefault(status.TaskId.Value)?.Note(status, update.LatestState);
        framework.Send(Events.Update(status));
    }

    private MasterFramework? FrameworkOf(FrameworkID id) => master.Books.Frameworks.GetValueOrDefault(id.Value);
}
