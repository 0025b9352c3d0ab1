using System.Diagnostics;
using Drover.Server;
using Microsoft.AspNetCore.Http.Features;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Drover.Daemon.Telemetry;

/// <summary>Metrics of all roles of this process at <c>/metrics</c>, and their export by OTLP where OpenTelemetry's standard variables name a collector.</summary>
/// <remarks>Each part measures with a meter of its own; only this class knows them all. Without the variables nothing is dialled and nothing is traced.</remarks>
internal static class DaemonTelemetry
{
    private const string Requests = "http.server.request.duration";

    /// <summary>What the parts, and .NET itself, measure.</summary>
    private static readonly string[] s_meters = ["Drover.Server", "Drover.Scheduler", "Microsoft.AspNetCore.Hosting", "System.Runtime"];

    private static readonly string[] s_traces = ["Drover.Server", "Microsoft.AspNetCore", "System.Net.Http"];

    public static void AddTo(IServiceCollection services, IConfiguration configuration)
    {
        var telemetry = services.AddOpenTelemetry().ConfigureResource(resource => resource
            .AddService("drover", serviceVersion: typeof(DaemonTelemetry).Assembly.GetName().Version?.ToString(3))
            .AddEnvironmentVariableDetector());
        telemetry.WithMetrics(metrics =>
        {
            metrics.AddMeter(s_meters)
                // The route, which is a pattern, and no more: labels stay few.
                .AddView(Requests, new MetricStreamConfiguration { TagKeys = ["http.request.method", "http.response.status_code", "http.route"] })
                .AddView("http.server.active_requests", new MetricStreamConfiguration { TagKeys = ["http.request.method"] })
                .AddPrometheusExporter(prometheus =>
                {
                    prometheus.ScopeInfoEnabled = false;
                    prometheus.TargetInfoEnabled = false;
                });
            if (Exports(configuration, "METRICS"))
            {
                metrics.AddOtlpExporter();
            }
        });
        if (Exports(configuration, "TRACES"))
        {
            telemetry.WithTracing(tracing => tracing.AddSource(s_traces).AddOtlpExporter());
        }
    }

    /// <summary>Maps <c>/metrics</c>, and keeps connections that live for hours out of the times of requests. Call it before the parts are mapped.</summary>
    public static void Map(WebApplication app, MetricsAccess access)
    {
        app.Use(async (http, next) =>
        {
            if (http.Features.Get<IHttpUpgradeFeature>()?.IsUpgradableRequest == true && http.Features.Get<IHttpMetricsTagsFeature>() is { } measured)
            {
                measured.MetricsDisabled = true;
            }

            await next(http);
            Name(Activity.Current, http);
        });
        app.MapPrometheusScrapingEndpoint("/metrics", meterProvider: null, branch => branch.Use(access.CheckAsync), optionsName: null)
            .ChecksItsCallers()
            .DisableHttpMetrics();
    }

    /// <summary>What ASP.NET Core leaves out: a request's trace is called by its route, and tells how it ended.</summary>
    private static void Name(Activity? trace, HttpContext http)
    {
        if (trace is not { IsAllDataRequested: true, Source.Name: "Microsoft.AspNetCore" })
        {
            return;
        }

        trace.SetTag("http.response.status_code", http.Response.StatusCode);
        if ((http.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText is { } route)
        {
            trace.DisplayName = $"{http.Request.Method} {route}";
            trace.SetTag("http.route", route);
        }
    }

    /// <summary>Whether the environment names a collector for <c>METRICS</c> or <c>TRACES</c>.</summary>
    private static bool Exports(IConfiguration environment, string signal) =>
        !string.Equals(environment["OTEL_SDK_DISABLED"], "true", StringComparison.OrdinalIgnoreCase)
        && !string.Equals(environment[$"OTEL_{signal}_EXPORTER"], "none", StringComparison.OrdinalIgnoreCase)
        && (environment["OTEL_EXPORTER_OTLP_ENDPOINT"] is { Length: > 0 } || environment[$"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT"] is { Length: > 0 });
}
