namespace Drover.Executor;

/// <summary>How an executor works, beyond what its task says. The defaults are those of the program.</summary>
public sealed record ExecutorOptions
{
    /// <summary>Time between two measurements of the machine's process.</summary>
    internal TimeSpan UsageInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The folder that executors of this computer share (<c>--state</c>). Default: what the task says.</summary>
    public string? StateDirectory { get; init; }

    /// <summary>The folder for guest images and templates (<c>--cache</c>), which several instances may share. Default: what the task says, else the state folder.</summary>
    public string? CacheDirectory { get; init; }

    /// <summary>QEMU 7.2 or newer, a name in PATH or a path.</summary>
    public string QemuProgram { get; init; } = "qemu-system-x86_64";

    /// <summary>QEMU's disk tool, a name in PATH or a path.</summary>
    public string QemuImageProgram { get; init; } = "qemu-img";

    /// <summary>When started by root: run QEMU as <c>nobody</c> where that is possible. Default true.</summary>
    public bool DropPrivileges { get; init; } = true;

    /// <summary>Bytes of cached images above which unused ones are removed, least recently used first. Default 20 GiB.</summary>
    public long ImageCacheBytes { get; init; } = 20L << 30;

    /// <summary>Bytes of templates above which unused ones are removed, least recently used first. Default 10 GiB.</summary>
    public long TemplateCacheBytes { get; init; } = 10L << 30;

    /// <summary>Longest wait at the end for the agent to acknowledge the last update. Default 60 s, as in Mesos' own executors.</summary>
    public TimeSpan AcknowledgementTime { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>The guest agent's program for simulated machines. Default: <c>drover-agent</c> in the sandbox, else beside this program.</summary>
    public string? AgentProgram { get; init; }

    /// <summary>Runs the guest of a simulated machine in this process, until cancelled (which is its power-off). Null starts <see cref="AgentProgram"/>.</summary>
    public Func<SimulatedGuest, CancellationToken, Task>? SimulatedGuest { get; init; }

    /// <summary>Called around every durable write (<c>machine.boot:before</c>): a test throws there, as if the process were killed.</summary>
    public Action<string>? Reached { get; init; }

    /// <summary>Takes a line for whoever looks into the executor's log. Default: standard error.</summary>
    public Action<string> Log { get; init; } = Console.Error.WriteLine;
}

/// <summary>What a simulated guest in this process needs to know.</summary>
/// <param name="ChannelPath">The Unix socket to connect to, as the guest agent's <c>--channel</c>.</param>
/// <param name="StateDirectory">The guest's own disk, as the guest agent's <c>--state</c>.</param>
public sealed record SimulatedGuest(string ExternalId, string ChannelPath, string StateDirectory);
