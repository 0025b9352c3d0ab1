namespace Drover.LocalMesos;

/// <summary>What a master refuses in a task. Pure; every refusal is TASK_ERROR with REASON_TASK_INVALID for that task alone.</summary>
internal static class TaskValidation
{
    /// <param name="framework">Whose task it is.</param>
    /// <param name="agent">The agent of the offers.</param>
    /// <param name="remaining">What the tasks before this one in the same call left.</param>
    /// <returns>A reason; null when the task may be launched.</returns>
    public static string? Refusal(MasterFramework framework, MasterAgent agent, TaskInfo task, Resources remaining)
    {
        if (Identifiers.Refusal(task.TaskId.Value) is { } wrongId)
        {
            return $"Task ID is invalid: {wrongId}";
        }

        if (framework.Tasks.ContainsKey(task.TaskId.Value) || framework.UnreachableTasks.ContainsKey(task.TaskId.Value))
        {
            return $"Task has duplicate ID: {task.TaskId.Value}";
        }

        if (task.AgentId.Value != agent.Id)
        {
            return $"Task uses invalid agent {task.AgentId.Value} while agent {agent.Id} is expected";
        }

        if (task.Executor is null == task.Command is null)
        {
            return "Task should have at least one (but not both) of CommandInfo or ExecutorInfo present";
        }

        return task.Executor is null
            ? "This master runs tasks with an executor of their own only: it has no command executor"
            : ExecutorRefusal(framework, agent, task, task.Executor, remaining);
    }

    private static string? ExecutorRefusal(MasterFramework framework, MasterAgent agent, TaskInfo task, ExecutorInfo executor, Resources remaining)
    {
        if (executor.Type == ExecutorInfo.Types.Type.Default)
        {
            return "This master has no default executor";
        }

        if (Identifiers.Refusal(executor.ExecutorId.Value) is { } wrongId)
        {
            return $"Executor ID is invalid: {wrongId}";
        }

        if (executor.Command is null)
        {
            return "'ExecutorInfo.command' must be set for a custom executor";
        }

        if (executor.FrameworkId is { } owner && owner.Value != framework.Id)
        {
            return $"ExecutorInfo has an invalid FrameworkID (Actual: {owner.Value} vs Expected: {framework.Id})";
        }

        if (task.Resources.Count == 0)
        {
            return "Task uses no resources";
        }

        if (task.Resources.Concat(executor.Resources).FirstOrDefault(r => r.Scalar?.Value < 0) is { } negative)
        {
            return $"Task uses a negative amount of {negative.Name}";
        }

        var running = agent.Executors.GetValueOrDefault((framework.Id, executor.ExecutorId.Value));
        if (running is not null && !running.Equals(WithFramework(executor, framework.Info.Id)))
        {
            return $"ExecutorInfo is not compatible with the existing ExecutorInfo of the same executor id {executor.ExecutorId.Value}";
        }

        var needed = Needed(agent, framework, task);
        return remaining.Contains(needed) ? null : $"Total resources {needed} required by task and its executor is more than available {remaining}";
    }

    /// <summary>The task's resources, and its executor's unless that runs already.</summary>
    public static Resources Needed(MasterAgent agent, MasterFramework framework, TaskInfo task) =>
        agent.Executors.ContainsKey((framework.Id, task.Executor.ExecutorId.Value))
            ? Resources.Of(task.Resources)
            : Resources.Of(task.Resources.Concat(task.Executor.Resources));

    /// <summary>As it goes to the agent.</summary>
    public static ExecutorInfo WithFramework(ExecutorInfo executor, FrameworkID framework)
    {
        var copy = executor.Clone();
        copy.FrameworkId = framework;
        return copy;
    }
}
