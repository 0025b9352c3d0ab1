using System.Diagnostics.Metrics;
using Drover.Scheduler.Pool;
using Drover.Scheduler.Requests;
using Microsoft.Extensions.Hosting;

namespace Drover.Scheduler;

/// <summary>The scheduler's instruments (docs/metrics.md), read from its live state when somebody listens to the meter.</summary>
internal sealed class SchedulerMetrics : IHostedService
{
    public const string MeterName = "Drover.Scheduler";

    public SchedulerMetrics(IMeterFactory meters, SchedulerStatus status, TimeProvider time)
    {
        var meter = meters.Create(MeterName);
        meter.CreateObservableGauge("drover.scheduler.queue.length", () => Queue(status).LongCount(), "{machine}", "Machines that wait for a place.");
        meter.CreateObservableGauge(
            "drover.scheduler.queue.oldest", () => Queue(status).Select(r => Math.Max(0, (time.GetUtcNow() - r.ReceivedAt).TotalSeconds)).DefaultIfEmpty().Max(), "s", "How long the oldest of them has waited.");
        meter.CreateObservableGauge("drover.scheduler.tasks", () => Tasks(status), "{task}", "Machines whose task may exist in the cluster, by state.");
        meter.CreateObservableGauge("drover.pool.members", () => Pool(status), "{member}", "Templates and spares, by kind and state.");
        meter.CreateObservableGauge("drover.scheduler.master.up", () => status.Live.MasterConnected ? 1 : 0, null, "1 while a session with a Mesos master stands, else 0.");
        meter.CreateObservableGauge("drover.scheduler.server.up", () => status.Live.ServerConnected ? 1 : 0, null, "1 while the server's events arrive, else 0.");
        meter.CreateObservableCounter("drover.scheduler.offers", () => status.Counts.Offers, "{offer}", "Offers that were received.");
        meter.CreateObservableCounter("drover.scheduler.launches", () => status.Counts.Launches, "{task}", "Launches whose intent was stored, those of the pool included.");
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private static IEnumerable<MachineRequest> Queue(SchedulerStatus status) => status.Live.Requests.Values.Where(r => r.State == RequestState.Queued);

    /// <summary>States that have none are told, too.</summary>
    private static IEnumerable<Measurement<long>> Tasks(SchedulerStatus status)
    {
        var counts = status.Live.Requests.Values.CountBy(r => r.State).ToDictionary();
        return Enum.GetValues<RequestState>().Where(RequestLifecycle.HasTask)
            .Select(state => new Measurement<long>(counts.GetValueOrDefault(state), new KeyValuePair<string, object?>("state", Word(state))));
    }

    private static IEnumerable<Measurement<long>> Pool(SchedulerStatus status)
    {
        var counts = status.Live.Members.Values.CountBy(m => (m.Kind, m.State)).ToDictionary();
        return from kind in Enum.GetValues<PoolKind>()
               from state in Enum.GetValues<PoolState>()
               where state != PoolState.Gone
               select new Measurement<long>(counts.GetValueOrDefault((kind, state)), new("kind", kind == PoolKind.Spare ? "warm" : Word(kind)), new("state", Word(state)));
    }

    private static string Word<T>(T value)
        where T : struct, Enum => value.ToString().ToLowerInvariant();
}

/// <summary>What the scheduler has done since its process started, over all its runs.</summary>
internal sealed class SchedulerCounts
{
    private long _offers;
    private long _launches;

    public long Offers => Interlocked.Read(ref _offers);

    public long Launches => Interlocked.Read(ref _launches);

    public void Offered(int count) => Interlocked.Add(ref _offers, count);

    public void Launched(int count) => Interlocked.Add(ref _launches, count);
}
