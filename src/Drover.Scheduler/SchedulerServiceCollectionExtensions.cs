using Drover.Scheduler.Artifacts;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Drover.Scheduler;

/// <summary>Composition of the scheduler in a host.</summary>
public static class SchedulerServiceCollectionExtensions
{
    /// <summary>Adds the scheduler as a hosted service, and <see cref="SchedulerStatus"/>. Map its files with
    /// <see cref="ArtifactEndpoints.MapSchedulerArtifacts"/>.</summary>
    /// <exception cref="SchedulerOptionsException">The options are wrong; all problems are listed.</exception>
    public static IServiceCollection AddDroverScheduler(this IServiceCollection services, SchedulerOptions options)
    {
        SchedulerOptionsException.ThrowIfAny(options.Validate());
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(options);
        services.AddSingleton<ArtifactCatalog>();
        services.AddSingleton<SchedulerStatus>();
        services.AddMetrics();
        services.AddHostedService<SchedulerMetrics>();
        services.AddHostedService<SchedulerService>();
        return services;
    }
}
