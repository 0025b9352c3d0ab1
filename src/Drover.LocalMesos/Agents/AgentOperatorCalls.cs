using Drover.Mesos.V1.Agent;

namespace Drover.LocalMesos;

/// <summary>The operator's questions to the agent, except for files.</summary>
internal sealed class AgentOperatorCalls(AgentBooks books, AgentRegistrar registrar, AgentDescription description)
{
    public Response? Handle(Call call) => call.Type switch
    {
        Call.Types.Type.GetHealth => new() { Type = Response.Types.Type.GetHealth, GetHealth = new() { Healthy = true } },
        Call.Types.Type.GetVersion => new() { Type = Response.Types.Type.GetVersion, GetVersion = new() { VersionInfo = MasterDescription.Version } },
        Call.Types.Type.GetAgent => new() { Type = Response.Types.Type.GetAgent, GetAgent = new() { AgentInfo = description.Info } },
        Call.Types.Type.GetFrameworks => new() { Type = Response.Types.Type.GetFrameworks, GetFrameworks = Frameworks() },
        Call.Types.Type.GetExecutors => new() { Type = Response.Types.Type.GetExecutors, GetExecutors = Executors() },
        Call.Types.Type.GetTasks => new() { Type = Response.Types.Type.GetTasks, GetTasks = Tasks() },
        Call.Types.Type.GetState => new()
        {
            Type = Response.Types.Type.GetState,
            GetState = new() { GetFrameworks = Frameworks(), GetExecutors = Executors(), GetTasks = Tasks() },
        },
        _ => null,
    };

    private Response.Types.GetFrameworks Frameworks()
    {
        var answer = new Response.Types.GetFrameworks();
        answer.Frameworks.AddRange(books.Executors.Values.Select(e => e.Framework).DistinctBy(f => f.Id.Value, StringComparer.Ordinal)
            .Select(f => new Response.Types.GetFrameworks.Types.Framework { FrameworkInfo = f }));
        return answer;
    }

    private Response.Types.GetExecutors Executors()
    {
        var answer = new Response.Types.GetExecutors();
        answer.Executors.AddRange(books.Living.Select(View));
        answer.CompletedExecutors.AddRange(books.Executors.Values.Where(e => !e.IsAlive).Concat(books.Completed).Select(View));
        return answer;

        static Response.Types.GetExecutors.Types.Executor View(AgentExecutor executor) => new() { ExecutorInfo = executor.Info };
    }

    private Response.Types.GetTasks Tasks()
    {
        var answer = new Response.Types.GetTasks();
        foreach (var executor in books.Executors.Values)
        {
            foreach (var task in executor.Tasks.Values)
            {
                (task switch
                {
                    { IsLive: false } => answer.TerminatedTasks,
                    { Delivered: true } => answer.LaunchedTasks,
                    _ => answer.QueuedTasks,
                }).Add(registrar.Describe(executor, task));
            }
        }

        return answer;
    }
}
