using System.Diagnostics.Tracing;
using Drover.Daemon.Telemetry;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace Drover.Daemon.Tests.Telemetry;

[Collection("Meters")]
public sealed class ExportTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Collector_ThatIsNamed_GetsMetricsAndTraces()
    {
        await using var collector = await Collector.StartAsync(Token);
        await using var cluster = await MeasuredCluster.StartAsync(
            new("OTEL_EXPORTER_OTLP_ENDPOINT", collector.Address), new("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
            new("OTEL_METRIC_EXPORT_INTERVAL", "100"), new("OTEL_BSP_SCHEDULE_DELAY", "100"));
        await cluster.MachineAsync("web-1");

        await collector.UntilAsync("/v1/metrics", "drover.machine.stage.duration", Token);
        await collector.UntilAsync("/v1/traces", "physicalhost.bootstrap", Token);
        Assert.Contains("http.route", await collector.UntilAsync("/v1/traces", "/.api/machines/{id}", Token), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("OTEL_SDK_DISABLED", "true")]
    [InlineData("OTEL_METRICS_EXPORTER", "none")]
    public async Task Collector_ThatIsSwitchedOff_GetsNoMetrics(string name, string value)
    {
        await using var collector = await Collector.StartAsync(Token);
        await using var services = Services(new("OTEL_EXPORTER_OTLP_ENDPOINT", collector.Address), new("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"), new(name, value));

        services.GetRequiredService<MeterProvider>().ForceFlush();

        Assert.DoesNotContain("/v1/metrics", collector.Received.Select(r => r.Path));
    }

    [Fact]
    public async Task Nothing_IsDialled_WhereNoCollectorIsNamed()
    {
        using var dials = new Dials();
        await using var services = Services();

        services.GetRequiredService<MeterProvider>().ForceFlush();

        Assert.Null(services.GetService<TracerProvider>());
        Assert.Empty(dials.Seen);

        // The same look, with a collector that is named, sees it.
        await using var named = Services(new("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1"), new("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"));
        named.GetRequiredService<MeterProvider>().ForceFlush(5000);
        Assert.NotEmpty(dials.Seen);
    }

    private static ServiceProvider Services(params KeyValuePair<string, string?>[] environment)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(environment).Build();
        var services = new ServiceCollection().AddSingleton<IConfiguration>(configuration).AddLogging();
        DaemonTelemetry.AddTo(services, configuration);
        return services.BuildServiceProvider();
    }

    /// <summary>Connections that this process opens.</summary>
    private sealed class Dials : EventListener
    {
        private readonly Lock _gate = new();
        private readonly List<string> _seen = [];

        public IReadOnlyList<string> Seen
        {
            get
            {
                lock (_gate)
                {
                    return [.. _seen];
                }
            }
        }

        protected override void OnEventSourceCreated(EventSource eventSource)
        {
            if (eventSource.Name == "System.Net.Sockets")
            {
                EnableEvents(eventSource, EventLevel.Informational);
            }
        }

        protected override void OnEventWritten(EventWrittenEventArgs eventData)
        {
            if (eventData.EventName == "ConnectStart")
            {
                lock (_gate)
                {
                    _seen.Add(string.Join(' ', eventData.Payload ?? new([])));
                }
            }
        }
    }
}
