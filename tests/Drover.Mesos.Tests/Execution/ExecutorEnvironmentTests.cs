namespace Drover.Mesos.Tests.Execution;

public sealed class ExecutorEnvironmentTests
{
    private readonly Dictionary<string, string> _variables = new(StringComparer.Ordinal)
    {
        ["MESOS_FRAMEWORK_ID"] = "f",
        ["MESOS_EXECUTOR_ID"] = "e",
        ["MESOS_SLAVE_ID"] = "a",
        ["MESOS_AGENT_ENDPOINT"] = "127.0.0.1:5051",
        ["MESOS_SANDBOX"] = "/s",
        ["MESOS_CHECKPOINT"] = "1",
        ["MESOS_RECOVERY_TIMEOUT"] = "15mins",
        ["MESOS_SUBSCRIPTION_BACKOFF_MAX"] = "10secs",
        ["MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD"] = "90secs",
        ["MESOS_EXECUTOR_AUTHENTICATION_TOKEN"] = "jwt",
    };

    [Fact]
    public void From_AllVariables_AreRead()
    {
        var environment = ExecutorEnvironment.From(_variables.GetValueOrDefault);
        Assert.Equal("f", environment.FrameworkId.Value);
        Assert.Equal(new Uri("http://127.0.0.1:5051"), environment.Agent);
        Assert.True(environment.Checkpoint);
        Assert.Equal(TimeSpan.FromSeconds(90), environment.ShutdownGracePeriod);
        Assert.Equal(TimeSpan.FromSeconds(10), environment.SubscriptionBackoffMax);
        Assert.Equal("jwt", environment.AuthenticationToken);
    }

    [Fact]
    public void From_CheckpointTrueAsWord_IsNotACheckpoint()
    {
        _variables["MESOS_CHECKPOINT"] = "true";
        Assert.False(ExecutorEnvironment.From(_variables.GetValueOrDefault).Checkpoint);
    }

    [Fact]
    public void From_Tls_IsHttps()
    {
        _variables["LIBPROCESS_SSL_ENABLED"] = "1";
        Assert.Equal("https", ExecutorEnvironment.From(_variables.GetValueOrDefault).Agent.Scheme);
    }

    [Theory]
    [InlineData("MESOS_FRAMEWORK_ID", null)]
    [InlineData("MESOS_AGENT_ENDPOINT", null)]
    [InlineData("MESOS_AGENT_ENDPOINT", ":::")]
    [InlineData("MESOS_RECOVERY_TIMEOUT", "soon")]
    public void From_MissingOrMalformed_IsNamed(string name, string? value)
    {
        _variables[name] = value ?? "";
        Assert.Contains(name, Assert.Throws<FormatException>(() => ExecutorEnvironment.From(_variables.GetValueOrDefault)).Message, StringComparison.Ordinal);
    }
}
