using Drover.Api.Machines;
using Drover.Scheduler.Artifacts;

namespace Drover.Scheduler.Requests;

/// <summary>What a launch needs beyond the request, fetched anew by every run of the scheduler: registration tokens expire and are no business of a database.</summary>
internal sealed record Preparation
{
    /// <summary>A token is good for two hours; older preparations are renewed.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(1);

    public required string RegistrationUrl { get; init; }

    public required GuestImage Image { get; init; }

    /// <summary>The programs that the agent machine fetches, the executor first.</summary>
    public required IReadOnlyList<Artifact> Programs { get; init; }

    public required DateTimeOffset At { get; init; }
}

/// <summary>What reading a machine from the server told.</summary>
internal abstract record MachineLoad
{
    private MachineLoad()
    {
    }

    /// <summary>Wanted, and all is there to launch it.</summary>
    public sealed record Ready(string ExternalId, string EnvironmentId, string Name, MachineSpec Spec, Preparation Preparation) : MachineLoad;

    /// <summary>Only what a task that removes kept disks needs.</summary>
    public sealed record Discarding(Preparation Preparation) : MachineLoad;

    /// <summary>Not ours, or not wanted any more: nothing is to be done.</summary>
    public sealed record NotWanted(string Why) : MachineLoad;

    /// <summary>It can never be served as it is.</summary>
    public sealed record Invalid(string Cause) : MachineLoad;

    /// <summary>The server could not tell; it is asked again.</summary>
    public sealed record Unavailable(string Why) : MachineLoad;
}
