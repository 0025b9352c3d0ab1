using System.Globalization;
using System.Net;
using Drover.Mesos.V1.Master;

namespace Drover.LocalMesos;

/// <summary>The operator's questions and orders to the master.</summary>
internal sealed class OperatorCalls(MasterContext master, AgentLiveness liveness, FrameworkRemoval removal, IPEndPoint endPoint)
{
    private readonly double _started = master.Timestamp;

    /// <summary>A response, or a status with a reason.</summary>
    public (Response? Response, CallResult Result) Handle(Call call)
    {
        Response? response = call.Type switch
        {
            Call.Types.Type.GetHealth => new() { Type = Response.Types.Type.GetHealth, GetHealth = new() { Healthy = true } },
            Call.Types.Type.GetVersion => new() { Type = Response.Types.Type.GetVersion, GetVersion = new() { VersionInfo = MasterDescription.Version } },
            Call.Types.Type.GetFlags => new() { Type = Response.Types.Type.GetFlags, GetFlags = Flags() },
            Call.Types.Type.GetMaster => new()
            {
                Type = Response.Types.Type.GetMaster,
                GetMaster = new() { MasterInfo = MasterDescription.Of(master.Books.MasterId, endPoint), StartTime = _started, ElectedTime = _started },
            },
            Call.Types.Type.GetAgents => new() { Type = Response.Types.Type.GetAgents, GetAgents = Agents() },
            Call.Types.Type.GetFrameworks => new() { Type = Response.Types.Type.GetFrameworks, GetFrameworks = Frameworks() },
            Call.Types.Type.GetExecutors => new() { Type = Response.Types.Type.GetExecutors, GetExecutors = Executors() },
            Call.Types.Type.GetTasks => new() { Type = Response.Types.Type.GetTasks, GetTasks = Tasks() },
            Call.Types.Type.GetState => new()
            {
                Type = Response.Types.Type.GetState,
                GetState = new() { GetAgents = Agents(), GetFrameworks = Frameworks(), GetExecutors = Executors(), GetTasks = Tasks() },
            },
            _ => null,
        };
        return response is not null ? (response, new CallResult(200)) : (null, Order(call));
    }

    private CallResult Order(Call call)
    {
        switch (call.Type)
        {
            case Call.Types.Type.Teardown when call.Teardown is { } teardown:
                if (!master.Books.Frameworks.TryGetValue(teardown.FrameworkId.Value, out var framework))
                {
                    return CallResult.BadRequest("No framework found with specified ID");
                }

                removal.Remove(framework, "torn down by an operator");
                return new CallResult(200);
            case Call.Types.Type.MarkAgentGone when call.MarkAgentGone is { } gone:
                return liveness.MarkGone(gone.AgentId.Value) ? new CallResult(200) : new CallResult(404, "Agent not found");
            case Call.Types.Type.Teardown or Call.Types.Type.MarkAgentGone:
                return CallResult.BadRequest($"Failed to validate master::Call: the content of {call.Type} is missing");
            case Call.Types.Type.Unknown:
                return CallResult.BadRequest("Failed to validate master::Call: Expecting 'type' to be present");
            default:
                return new CallResult(501, $"This master does not answer {call.Type}");
        }
    }

    private Response.Types.GetFlags Flags()
    {
        var flags = new Response.Types.GetFlags();
        void Add(string name, string value) => flags.Flags.Add(new Flag { Name = name, Value = value });
        Add("allocation_interval", MesosDuration.Format(master.Options.AllocationInterval));
        Add("agent_ping_timeout", MesosDuration.Format(master.Options.AgentPingInterval));
        Add("max_agent_ping_timeouts", master.Options.AgentPingCount.ToString(CultureInfo.InvariantCulture));
        Add("agent_reregister_timeout", MesosDuration.Format(master.Options.AgentReregisterTimeout));
        if (master.Options.OfferTimeout is { } timeout)
        {
            Add("offer_timeout", MesosDuration.Format(timeout));
        }

        return flags;
    }

    private Response.Types.GetAgents Agents()
    {
        var answer = new Response.Types.GetAgents();
        foreach (var agent in master.Books.Agents.Values)
        {
            var view = new Response.Types.GetAgents.Types.Agent
            {
                AgentInfo = agent.Info,
                Active = agent.IsConnected,
                Version = MasterDescription.ApiVersion,
                Pid = $"slave(1)@{agent.Info.Hostname}:{agent.Info.Port}",
                RegisteredTime = agent.RegisteredTime,
                ReregisteredTime = agent.ReregisteredTime,
            };
            view.TotalResources.AddRange(agent.Total.ToMessages());
            view.AllocatedResources.AddRange(master.Books.Allocated(agent).ToMessages());
            view.OfferedResources.AddRange(master.Offers.OfferedOn(agent.Id).ToMessages());
            answer.Agents.Add(view);
        }

        answer.RecoveredAgents.AddRange(master.Books.RecoveredAgents.Values);
        return answer;
    }

    private Response.Types.GetFrameworks Frameworks()
    {
        var answer = new Response.Types.GetFrameworks();
        foreach (var framework in master.Books.Frameworks.Values)
        {
            var view = new Response.Types.GetFrameworks.Types.Framework
            {
                FrameworkInfo = framework.Info,
                Active = framework.Stream is not null,
                Connected = framework.Stream is not null,
                Recovered = framework.Recovered,
                RegisteredTime = framework.RegisteredTime,
                ReregisteredTime = framework.ReregisteredTime,
            };
            view.AllocatedResources.AddRange(master.Books.AllocatedTo(framework.Id).ToMessages());
            view.OfferedResources.AddRange(master.Offers.OfferedTo(framework.Id).ToMessages());
            answer.Frameworks.Add(view);
        }

        return answer;
    }

    private Response.Types.GetExecutors Executors()
    {
        var answer = new Response.Types.GetExecutors();
        answer.Executors.AddRange(master.Books.Agents.Values.SelectMany(a => a.Executors.Values.Select(
            e => new Response.Types.GetExecutors.Types.Executor { ExecutorInfo = e, AgentId = a.Info.Id })));
        return answer;
    }

    private Response.Types.GetTasks Tasks()
    {
        var answer = new Response.Types.GetTasks();
        foreach (var framework in master.Books.Frameworks.Values)
        {
            // Cloned: books go on changing while the answer is written.
            answer.Tasks.AddRange(framework.Tasks.Values.Select(t => t.Task.Clone()));
            answer.CompletedTasks.AddRange(framework.CompletedTasks.Select(t => t.Task.Clone()));
            answer.UnreachableTasks.AddRange(framework.UnreachableTasks.Values.Select(t => t.Task.Clone()));
        }

        return answer;
    }
}
