using System.Diagnostics.Metrics;
using Drover.Server.Agents;
using Drover.Server.Containers;
using Drover.Server.Machines;
using Drover.Server.Processes;
using Microsoft.Extensions.Hosting;

namespace Drover.Server.Metrics;

/// <summary>The control plane's instruments (docs/metrics.md): nothing is measured before somebody listens to the meter.</summary>
/// <remarks>Labels are names from tables in code: no name, id or address of a tenant's thing is ever one.</remarks>
internal sealed class ServerMetrics : IHostedService
{
    public const string MeterName = "Drover.Server";

    private static readonly string[] s_containerStates = ["running", "stopped"];

    public ServerMetrics(IMeterFactory meters, Census census, AgentLinks links, ContainerBoard containers, ProcessTally processes, MachineTimes machines)
    {
        var meter = meters.Create(MeterName);
        meter.CreateObservableGauge("drover.database.up", () => census.Take().Answers ? 1 : 0, null, "1 while the database answers, else 0.");
        meter.CreateObservableGauge("drover.hosts", () => ByLabel("state", census.Take().Hosts), "{host}", "Hosts by state.");
        meter.CreateObservableGauge("drover.machines", () => ByLabel("state", census.Take().Machines), "{machine}", "Machines that were asked for and are not removed, by state.");
        meter.CreateObservableGauge("drover.processes", () => ByLabel("process", census.Take().Processes), "{process}", "Processes under way, by name.");
        meter.CreateObservableGauge("drover.containers", () => ByLabel("state", Count(containers)), "{container}", "Containers of the hosts that are linked to this server, by state.");
        meter.CreateObservableGauge("drover.agent.links", () => links.Count, "{link}", "Links of agents that stand at this server.");
        meter.CreateObservableGauge("drover.streams", () => links.Streams, "{stream}", "Streams into hosts that are open over these links.");
        meter.CreateObservableCounter("drover.processes.ended", () => processes.Ends.Select(e => new Measurement<long>(e.Value, new("process", e.Key.Process), new("outcome", e.Key.Outcome.ToLowerInvariant()))), "{process}", "Processes that this server ended, by name and outcome.");
        meter.CreateObservableCounter("drover.process.failures", () => ByLabel("process", processes.Failures), "{failure}", "Times that a process failed, for good or to start over.");
        meter.CreateObservableCounter("drover.process.retries", () => ByLabel("process", processes.Retries), "{retry}", "Times that a process's handlers were called anew.");
        meter.CreateObservableCounter("drover.process.step.errors", () => processes.StepErrors, "{error}", "Steps of processes that ended in an exception: faults of the server or of its storage.");
        meter.CreateObservableCounter("drover.machine.failures", () => ByLabel("stage", machines.Failures), "{machine}", "Machines that failed, by the stage at which they did.");
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private static IEnumerable<Measurement<long>> ByLabel(string label, IEnumerable<KeyValuePair<string, long>> counts) =>
        counts.Select(count => new Measurement<long>(count.Value, new KeyValuePair<string, object?>(label, count.Key)));

    private static Dictionary<string, long> Count(ContainerBoard containers)
    {
        var counts = s_containerStates.ToDictionary(state => state, _ => 0L, StringComparer.Ordinal);
        foreach (var container in containers.All.Where(c => c.Removed is null))
        {
            counts[container.State] = counts.GetValueOrDefault(container.State) + 1;
        }

        return counts;
    }
}
