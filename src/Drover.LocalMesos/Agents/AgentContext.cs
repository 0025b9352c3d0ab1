using Drover.LocalMesos.Wire;
using Microsoft.Extensions.Logging;

namespace Drover.LocalMesos;

/// <summary>What the parts of an agent share.</summary>
internal sealed record AgentContext(
    LocalAgentOptions Options, AgentStore Store, AgentBooks Books, IExecutorLauncher Launcher, SandboxLayout Sandboxes, Mailbox Mailbox, TimeProvider Time, ILogger Logger)
{
    /// <summary>Where calls to the master go; false: no master is there.</summary>
    public Func<AgentCall, bool> SendToMaster { get; set; } = _ => false;

    public double Timestamp => (Time.GetUtcNow() - DateTimeOffset.UnixEpoch).TotalSeconds;
}
