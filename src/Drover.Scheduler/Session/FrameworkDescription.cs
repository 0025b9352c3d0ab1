using Drover.Mesos;
using Drover.Mesos.V1;

namespace Drover.Scheduler.Session;

/// <summary>How we introduce ourselves to Mesos.</summary>
internal static class FrameworkDescription
{
    private static readonly FrameworkInfo.Types.Capability.Types.Type[] s_capabilities =
    [
        FrameworkInfo.Types.Capability.Types.Type.MultiRole,
        FrameworkInfo.Types.Capability.Types.Type.PartitionAware,
        FrameworkInfo.Types.Capability.Types.Type.TaskKillingState,
        FrameworkInfo.Types.Capability.Types.Type.ReservationRefinement,
    ];

    /// <param name="frameworkId">Null the first time.</param>
    /// <remarks>Subscribed suppressed: offers are revived once something waits.</remarks>
    public static FrameworkSubscription Subscription(SchedulerOptions options, string? frameworkId)
    {
        var framework = new FrameworkInfo
        {
            User = options.User,
            Name = options.FrameworkName,
            FailoverTimeout = options.FailoverTimeout.TotalSeconds,
            Checkpoint = true,
            Hostname = System.Environment.MachineName,
            WebuiUrl = options.ArtifactBase.AbsoluteUri,
            Roles = { options.Role },
        };
        framework.Capabilities.AddRange(s_capabilities.Select(c => new FrameworkInfo.Types.Capability { Type = c }));
        if (frameworkId is not null)
        {
            framework.Id = new FrameworkID { Value = frameworkId };
        }

        if (options.Principal is not null)
        {
            framework.Principal = options.Principal;
        }

        return new FrameworkSubscription(framework, [options.Role]);
    }
}
