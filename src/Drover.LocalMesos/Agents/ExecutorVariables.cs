using System.Net;

namespace Drover.LocalMesos;

/// <summary>An executor's environment: what Mesos gives, then what the agent adds, then what the executor's own command says.</summary>
internal static class ExecutorVariables
{
    private const string DefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    /// <param name="overwritten">Gets the names of <c>MESOS_*</c> variables that the command overwrites.</param>
    public static Dictionary<string, string> Build(AgentExecutor executor, string agentId, LocalAgentOptions options, IPEndPoint endPoint, List<string> overwritten)
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["PATH"] = DefaultPath,
            ["LIBPROCESS_IP"] = endPoint.Address.ToString(),
            ["LIBPROCESS_PORT"] = "0",
            ["MESOS_FRAMEWORK_ID"] = executor.FrameworkId,
            ["MESOS_EXECUTOR_ID"] = executor.Id,
            ["MESOS_SLAVE_ID"] = agentId,
            ["MESOS_SLAVE_PID"] = $"slave(1)@{endPoint}",
            ["MESOS_AGENT_ENDPOINT"] = endPoint.ToString(),
            ["MESOS_DIRECTORY"] = executor.Sandbox,
            ["MESOS_SANDBOX"] = executor.Sandbox,
            ["MESOS_HTTP_COMMAND_EXECUTOR"] = "0",
            ["MESOS_CHECKPOINT"] = executor.Framework.Checkpoint ? "1" : "0",
            ["MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD"] = MesosDuration.Format(GracePeriod(executor.Info, options)),
            ["MESOS_EXECUTOR_AUTHENTICATION_TOKEN"] = executor.Token,
        };
        if (executor.Framework.Checkpoint)
        {
            variables["MESOS_RECOVERY_TIMEOUT"] = MesosDuration.Format(options.RecoveryTimeout);
            variables["MESOS_SUBSCRIPTION_BACKOFF_MAX"] = MesosDuration.Format(options.ExecutorReregistrationTimeout);
        }

        foreach (var (name, value) in options.Environment)
        {
            variables[name] = value;
        }

        foreach (var variable in executor.Info.Command.Environment?.Variables ?? [])
        {
            if (variable.Name.StartsWith("MESOS_", StringComparison.Ordinal) && variables.ContainsKey(variable.Name))
            {
                overwritten.Add(variable.Name);
            }

            variables[variable.Name] = variable.Value;
        }

        return variables;
    }

    /// <summary>From SHUTDOWN to SIGKILL.</summary>
    public static TimeSpan GracePeriod(ExecutorInfo executor, LocalAgentOptions options) =>
        executor.ShutdownGracePeriod is { } period ? TimeSpan.FromTicks(period.Nanoseconds / TimeSpan.NanosecondsPerTick) : options.ExecutorShutdownGracePeriod;
}
