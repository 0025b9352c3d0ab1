using Drover.Api.Machines;

namespace Drover.Web.Hosts;

/// <summary>What a state means to the eye; each has one colour and one icon.</summary>
public enum StatusTone
{
    /// <summary>Runs. Green.</summary>
    Good,

    /// <summary>Something works on it. Blue, with motion.</summary>
    Working,

    /// <summary>Waits for something, or needs a look. Amber.</summary>
    Waiting,

    /// <summary>Failed. Red.</summary>
    Failed,

    /// <summary>Off or gone. Grey.</summary>
    Off,
}

/// <summary>A state in one word, with what it means.</summary>
/// <param name="Name">The state on the wire, such as <c>bootstrapping</c>.</param>
/// <param name="Word">For people, such as <c>Booting</c>.</param>
public sealed record HostStatus(string Name, string Word, StatusTone Tone)
{
    /// <summary>The state's table: a machine's state until it is active, from then on the host's.</summary>
    /// <param name="machine">Null for a host that was added by hand.</param>
    /// <param name="host">Null as long as none has registered.</param>
    /// <param name="stage">The stage in which a new machine is.</param>
    /// <param name="waits">The scheduler has said why it waits.</param>
    public static HostStatus Of(string? machine, string? host, string? stage, bool waits) => (machine, host) switch
    {
        (null or "active", { } state) => OfHost(state),
        ("active", null) => new("registering", "Registering", StatusTone.Working),
        ("requested" or "creating" or "bootstrapping", _) when waits && stage is null or MachineStage.Queue => new(machine, "Waiting", StatusTone.Waiting),
        ("requested" or "creating" or "bootstrapping", _) => new(machine, Doing(stage), StatusTone.Working),
        ("updating" or "updating-stopped", _) => new(machine, "Updating", StatusTone.Working),
        ("resizing" or "resizing-stopped", _) => new(machine, waits && stage is null or MachineStage.Queue ? "Waiting" : "Resizing", waits && stage is null or MachineStage.Queue ? StatusTone.Waiting : StatusTone.Working),
        ("stopping", _) => new("stopping", "Stopping", StatusTone.Working),
        ("stopped", _) => new("stopped", "Stopped", StatusTone.Off),
        ("starting", _) => new("starting", "Starting", StatusTone.Working),
        ("rebooting", _) => new("rebooting", "Rebooting", StatusTone.Working),
        ("erroring" or "error", _) => new("error", "Failed", StatusTone.Failed),
        ("removing", _) => new("removing", "Removing", StatusTone.Working),
        ("removed" or "purging" or "purged", _) => new("removed", "Removed", StatusTone.Off),
        _ => Unknown(machine ?? "unknown"),
    };

    /// <summary>A stage's name as a label.</summary>
    public static string Label(string stage) => stage switch
    {
        MachineStage.Queue => "Queue",
        MachineStage.Launch => "Launch",
        MachineStage.Image => "Image",
        MachineStage.Disk => "Disk",
        MachineStage.Network => "Network",
        MachineStage.Boot => "Boot",
        MachineStage.Docker => "Docker",
        MachineStage.Register => "Register",
        _ => Capital(stage),
    };

    /// <summary>What happens in a stage, in a sentence's beginning.</summary>
    public static string Explain(string stage) => stage switch
    {
        MachineStage.Queue => "Waiting for an offer of the cluster",
        MachineStage.Launch => "Starting the executor on the chosen machine",
        MachineStage.Image => "Fetching and checking the guest image",
        MachineStage.Disk => "Making the disk",
        MachineStage.Network => "Connecting the network",
        MachineStage.Boot => "Booting the guest",
        MachineStage.Docker => "Waiting for Docker in the guest",
        MachineStage.Register => "Registering the host with the server",
        _ => Capital(stage),
    };

    private static string Doing(string? stage) => stage switch
    {
        null => "Requested",
        MachineStage.Queue => "Queued",
        MachineStage.Launch => "Launching",
        MachineStage.Image => "Fetching image",
        MachineStage.Disk => "Making disk",
        MachineStage.Network => "Connecting",
        MachineStage.Boot => "Booting",
        MachineStage.Docker => "Starting Docker",
        MachineStage.Register => "Registering",
        _ => Capital(stage),
    };

    private static HostStatus OfHost(string state) => state switch
    {
        "active" => new("active", "Active", StatusTone.Good),
        "reconnecting" => new("reconnecting", "Reconnecting", StatusTone.Waiting),
        "disconnecting" or "disconnected" => new("disconnected", "Disconnected", StatusTone.Waiting),
        "requested" or "registering" or "provisioning" or "provisioned" or "activating" or "finishing-reconnect" or "reconnected" => new(state, "Registering", StatusTone.Working),
        "updating-active" or "updating-inactive" => new(state, "Updating", StatusTone.Working),
        "deactivating" => new(state, "Deactivating", StatusTone.Working),
        "inactive" => new("inactive", "Inactive", StatusTone.Off),
        "erroring" or "error" => new("error", "Failed", StatusTone.Failed),
        "removing" => new("removing", "Removing", StatusTone.Working),
        "removed" or "purging" or "purged" => new("removed", "Removed", StatusTone.Off),
        _ => Unknown(state),
    };

    private static HostStatus Unknown(string state) => new(state, Capital(state), StatusTone.Off);

    private static string Capital(string word) => word.Length == 0 ? "Unknown" : char.ToUpperInvariant(word[0]) + word[1..];
}
