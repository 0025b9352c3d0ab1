using System.Globalization;
using Drover.Web.Hosts;

namespace Drover.Web.Containers;

/// <summary>A container's state as a word and a tone.</summary>
internal static class ContainerStatus
{
    /// <summary>Ends that were asked for: success, or one of the signals by which people and Docker end things (INT, KILL, TERM).</summary>
    private static readonly int[] Wanted = [0, 130, 137, 143];

    private static readonly HostStatus Running = new("running", "Running", StatusTone.Good);
    private static readonly HostStatus Unhealthy = new("running", "Unhealthy", StatusTone.Waiting);
    private static readonly HostStatus Looping = new("restarting", "Restarts", StatusTone.Waiting);
    private static readonly HostStatus Restarting = new("restarting", "Restarting", StatusTone.Working);
    private static readonly HostStatus Paused = new("paused", "Paused", StatusTone.Off);
    private static readonly HostStatus Created = new("stopped", "Not started", StatusTone.Off);
    private static readonly HostStatus Stopped = new("stopped", "Stopped", StatusTone.Off);
    private static readonly HostStatus Error = new("error", "Failed", StatusTone.Failed);
    private static readonly HostStatus Creating = new("creating", "Creating", StatusTone.Working);
    private static readonly HostStatus Starting = new("starting", "Starting", StatusTone.Working);
    private static readonly HostStatus Stopping = new("stopping", "Stopping", StatusTone.Working);
    private static readonly HostStatus Removing = new("removing", "Removing", StatusTone.Working);
    private static readonly HostStatus Removed = new("removed", "Removed", StatusTone.Off);

    /// <param name="docker">Docker's own word: it tells a container that restarts again and again from one that was asked to.</param>
    /// <param name="exit">How it ended, if it is known.</param>
    public static HostStatus Of(string state, string? docker, string? health, int? exit) => (state, docker) switch
    {
        ("running", _) => health == "unhealthy" ? Unhealthy : Running,
        ("restarting", "restarting") => Looping,
        ("restarting", _) => Restarting,
        ("paused", _) => Paused,
        ("stopped", "created") => Created,
        ("stopped", _) => exit is { } code && !Wanted.Contains(code) ? new("stopped", $"Exited {code.ToString(CultureInfo.InvariantCulture)}", StatusTone.Failed) : Stopped,
        ("error" or "erroring", _) => Error,
        ("requested" or "creating", _) => Creating,
        ("starting", _) => Starting,
        ("stopping", _) => Stopping,
        ("removing", _) => Removing,
        ("removed" or "purging" or "purged", _) => Removed,
        _ => new(state, state.Length == 0 ? "Unknown" : char.ToUpperInvariant(state[0]) + state[1..], StatusTone.Off),
    };
}
