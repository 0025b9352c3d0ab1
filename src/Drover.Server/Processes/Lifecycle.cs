namespace Drover.Server.Processes;

/// <summary>One process of a type: from where it may start, what the state is meanwhile, and what it is after.</summary>
internal sealed record ProcessMove(string Name, string[] From, string During, string After)
{
    /// <summary>Whether it starts in <paramref name="state"/>; a trailing <c>*</c> in <see cref="From"/> matches the rest.</summary>
    public bool StartsIn(string state) => Array.Exists(From, f => f.EndsWith('*') ? state.StartsWith(f[..^1], StringComparison.Ordinal) : f == state);
}

/// <summary>The life of a resource type as a table of processes, in Cattle's form (<c>from → during → after</c>).</summary>
/// <remarks>Source: Rancher 1.6 <c>spring-process-context.xml</c>. An illegal move is null, not an exception: the caller answers
/// 405 or 422, or lets the process end.</remarks>
internal sealed class Lifecycle(params ProcessMove[] moves)
{
    private readonly HashSet<string> _transitioning = [.. moves.Select(m => m.During), "requested"];

    public IReadOnlyList<ProcessMove> Moves { get; } = moves;

    /// <summary>Every state that the table names.</summary>
    public IEnumerable<string> States => Moves.SelectMany(m => m.From.Where(f => !f.EndsWith('*')).Append(m.During).Append(m.After)).Distinct(StringComparer.Ordinal);

    /// <summary>The state while <paramref name="process"/> runs, or null where it may not start.</summary>
    public string? Start(string process, string state) => Find(process) is { } move && move.StartsIn(state) ? move.During : null;

    /// <summary>The state after <paramref name="process"/>, or null when <paramref name="state"/> is not its own.</summary>
    public string? Finish(string process, string state) => Find(process) is { } move && move.During == state ? move.After : null;

    /// <summary>The state to return to when <paramref name="process"/> came to nothing, or null when <paramref name="state"/> is not its own.</summary>
    public string? Undo(string process, string state) => Find(process) is { } move && move.During == state ? move.From[0] : null;

    /// <summary>Start and finish in one step, for processes in which nobody takes part.</summary>
    public string? Pass(string process, string state) => Start(process, state) is { } during ? Finish(process, during) : null;

    /// <summary>Whether a resource in <paramref name="state"/> is on its way somewhere.</summary>
    public bool IsTransitioning(string state) => _transitioning.Contains(state);

    private ProcessMove? Find(string process) => Moves.FirstOrDefault(m => m.Name == process);
}

/// <summary>The lives of all types (cattle-api §3.1).</summary>
internal static class Lifecycles
{
    private static readonly string[] Switching = ["stopped", "updating-stopped", "rebooting", "stopping", "starting", "resizing", "resizing-stopped"];

    public static Lifecycle Machine { get; } = new(
        new ProcessMove("create", ["requested"], "creating", "created"),
        new ProcessMove("bootstrap", ["created", "creating"], "bootstrapping", "active"),
        new ProcessMove("update", ["active"], "updating", "active"),
        // Ours beside Cattle's: a machine that ran may die too, and it can be switched off and on, in the words of Cattle's instances.
        new ProcessMove("updatestopped", ["stopped"], "updating-stopped", "stopped"),
        new ProcessMove("reboot", ["active"], "rebooting", "active"),
        new ProcessMove("stop", ["active"], "stopping", "stopped"),
        new ProcessMove("start", ["stopped"], "starting", "active"),
        // Its CPUs and memory change in another task; it may be asked again for another size while it waits for room.
        new ProcessMove("resize", ["active", "resizing"], "resizing", "active"),
        new ProcessMove("resizestopped", ["stopped", "resizing-stopped"], "resizing-stopped", "active"),
        new ProcessMove("error", ["creating", "bootstrapping", "updating", "active", .. Switching], "erroring", "error"),
        new ProcessMove("remove", ["active", "requested", "bootstrapping", "creating", "updating", "error", "erroring", .. Switching], "removing", "removed"),
        new ProcessMove("purge", ["removed"], "purging", "purged"));

    public static Lifecycle Host { get; } = new(
        new ProcessMove("create", ["requested"], "registering", "inactive"),
        new ProcessMove("provision", ["inactive"], "provisioning", "provisioned"),
        new ProcessMove("activate", ["inactive", "registering", "provisioned"], "activating", "active"),
        new ProcessMove("deactivate", ["requested", "registering", "active", "activating", "updating-*"], "deactivating", "inactive"),
        new ProcessMove("error", ["provisioning"], "erroring", "error"),
        new ProcessMove("remove", ["erroring", "error", "requested", "inactive", "activating", "deactivating", "registering", "updating-*", "provisioning"], "removing", "removed"),
        new ProcessMove("purge", ["removed"], "purging", "purged"));

    public static Lifecycle Agent { get; } = new(
        new ProcessMove("create", ["requested"], "registering", "inactive"),
        new ProcessMove("activate", ["inactive", "registering"], "activating", "active"),
        new ProcessMove("reconnect", ["disconnecting", "disconnected", "active", "activating"], "reconnecting", "reconnected"),
        new ProcessMove("finishreconnect", ["reconnected", "reconnecting"], "finishing-reconnect", "active"),
        new ProcessMove("disconnect", ["reconnecting", "active", "reconnected", "finishing-reconnect"], "disconnecting", "disconnected"),
        new ProcessMove("deactivate", ["requested", "registering", "activating", "active", "reconnecting", "reconnected", "finishing-reconnect", "disconnecting", "disconnected"], "deactivating", "inactive"),
        new ProcessMove("remove", ["requested", "registering", "inactive", "deactivating", "disconnecting", "disconnected", "reconnecting"], "removing", "removed"),
        new ProcessMove("purge", ["removed"], "purging", "purged"));

    /// <summary>Credentials, handlers, accounts, environments, members: Cattle's generic processes.</summary>
    public static Lifecycle Generic { get; } = new(
        new ProcessMove("create", ["requested"], "registering", "inactive"),
        new ProcessMove("activate", ["inactive", "registering"], "activating", "active"),
        new ProcessMove("deactivate", ["requested", "registering", "active", "activating", "updating-active", "updating-inactive"], "deactivating", "inactive"),
        new ProcessMove("update", ["inactive", "active"], "updating-active", "active"),
        new ProcessMove("remove", ["requested", "inactive", "registering", "updating-active", "updating-inactive"], "removing", "removed"),
        new ProcessMove("purge", ["removed"], "purging", "purged"));

    /// <summary>Containers: Docker moves them; what a person asks for shows until Docker has done it. One that could not be made is made by a start.</summary>
    public static Lifecycle Instance { get; } = new(
        new ProcessMove("create", ["requested"], "creating", "stopped"),
        new ProcessMove("start", ["stopped", "error"], "starting", "running"),
        new ProcessMove("stop", ["running", "restarting", "paused"], "stopping", "stopped"),
        new ProcessMove("restart", ["running", "paused"], "restarting", "running"),
        new ProcessMove("remove", ["stopped", "error", "creating", "starting"], "removing", "removed"));

    /// <summary>Things with no life: they are active, then removed.</summary>
    public static Lifecycle Plain { get; } = new(
        new ProcessMove("remove", ["active"], "removing", "removed"));
}
