using System.Text.Json;
using System.Text.Json.Nodes;
using Drover.Api.Cattle;
using Drover.Api.Machines;

namespace Drover.Bench;

/// <summary>Cold hosts, one after the other: seconds per stage and in all, and resident memory of each part while a host runs.</summary>
internal static class RoadBenchmark
{
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(100);

    public static async Task<Report> RunAsync(int hosts, string accelerator, CancellationToken cancellationToken)
    {
        if (accelerator != "simulated")
        {
            await Instance.EnsureImageAsync(cancellationToken);
        }

        await using var instance = new Instance();
        var server = instance.Start("server,web", "--listen", instance.Url.Authority);
        await instance.ReadyAsync(cancellationToken);
        instance.Start("mesos-master,mesos-agent");
        await instance.MasterAsync(cancellationToken);
        var scheduler = instance.Start("scheduler", "--server", instance.Url.AbsoluteUri, "--listen", $"127.0.0.1:{Instance.FreePort()}", "--accel", accelerator);

        var client = instance.Client();
        var seconds = MachineStage.All.ToDictionary(s => s, _ => new List<double>(), StringComparer.Ordinal);
        List<double> total = [], executor = [], agent = [];
        string? used = null;
        for (var i = 0; i < hosts; i++)
        {
            var machine = await client.CreateAsync("machines", new JsonObject { ["name"] = $"bench-{i}", ["mesosConfig"] = new JsonObject { ["startFrom"] = "cold" } }, cancellationToken);
            machine = await UntilAsync(instance, client, machine.Id, m => m?.State is "active" or "error", cancellationToken) ?? throw new InvalidOperationException("the machine is gone");
            if (machine.State == "error")
            {
                throw new InvalidOperationException($"{machine.Name} failed: {machine.TransitioningMessage}");
            }

            var stages = machine.Json["stages"].Deserialize(MachineJson.Default.IReadOnlyListStageRecord) ?? [];
            foreach (var stage in stages.Where(s => s.FinishedAt is not null))
            {
                seconds[stage.Stage].Add((stage.FinishedAt!.Value - stage.StartedAt).TotalSeconds);
            }

            total.Add((stages[^1].FinishedAt!.Value - stages[0].StartedAt).TotalSeconds);
            used = machine.Text("accelerator");
            executor.Add(Instance.ResidentMegabytes(instance.Find("drover-executor").First()));
            var host = await LoadedHostAsync(client, machine.Id, cancellationToken);
            agent.Add((double)host["agentMemoryBytes"]! / 1024 / 1024);
            if (i == hosts - 1)
            {
                break;
            }

            await RemoveAsync(instance, client, machine.Id, cancellationToken);
        }

        var memory = (Server: Instance.ResidentMegabytes(server.Id), Scheduler: Instance.ResidentMegabytes(scheduler.Id));
        foreach (var machine in await client.ListAsync("machines", [new("removed_null", "1")], cancellationToken))
        {
            await RemoveAsync(instance, client, machine.Id, cancellationToken);
        }

        var figures = MachineStage.All.Where(s => seconds[s].Count > 0).Select(s => new Figure($"stage {s}", "s", seconds[s])).ToList();
        figures.Add(new("add host to active", "s", total));
        figures.Add(new("server and web resident", "MB", [memory.Server]));
        figures.Add(new("scheduler resident", "MB", [memory.Scheduler]));
        figures.Add(new("executor resident", "MB", executor));
        figures.Add(new("guest agent resident", "MB", agent));
        return new Report(Machine.Describe(used), figures);
    }

    private static async Task RemoveAsync(Instance instance, CattleClient client, string id, CancellationToken cancellationToken)
    {
        await client.DeleteAsync("machines", id, cancellationToken);
        await UntilAsync(instance, client, id, m => m?.State is null or "removed" or "purged", cancellationToken);
    }

    private static async Task<CattleResource?> UntilAsync(Instance instance, CattleClient client, string id, Func<CattleResource?, bool> holds, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Pace);
        while (true)
        {
            var machine = await client.GetAsync("machines", id, cancellationToken);
            if (holds(machine))
            {
                return machine;
            }

            instance.MustLive();

            await timer.WaitForNextTickAsync(cancellationToken);
        }
    }

    private static async Task<JsonObject> LoadedHostAsync(CattleClient client, string machineId, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Pace);
        while (true)
        {
            var hosts = await client.ListAsync("hosts", [new("physicalHostId", machineId)], cancellationToken);
            if (hosts is [var host, ..] && host.Object("load") is { } load)
            {
                return load;
            }

            await timer.WaitForNextTickAsync(cancellationToken);
        }
    }
}
