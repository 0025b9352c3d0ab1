using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Drover.Api.Agents;
using Drover.Api.Cattle;
using Drover.Api.Machines;
using Drover.Web.Hosts;

namespace Drover.Web.Tests.Fakes;

/// <summary>Resources as the API shows them, for every life of a host.</summary>
public static class Some
{
    public static DateTimeOffset Now { get; set; } = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private static readonly double[] Usual = [0.3, 0.9, 0.4, 0.2, 0.1, 9.6, 3.1, 1.2];

    public static JsonObject Machine(string id, string name, string state, string? stage = null, double secondsInStage = 2, bool failed = false)
    {
        var machine = new JsonObject
        {
            ["id"] = id, ["type"] = "machine", ["name"] = name, ["state"] = state, ["externalId"] = $"0f3c2a71-8d4e-4b7a-9a55-{id.GetHashCode(StringComparison.Ordinal) & 0xffffff:x12}",
            ["transitioning"] = state is "active" or "removed" ? "no" : state is "error" ? "error" : "yes",
            ["created"] = Wire(Now.AddSeconds(-40)),
            ["mesosConfig"] = new JsonObject { ["cpus"] = 2, ["memory"] = "2GiB", ["disk"] = "20GiB", ["image"] = "drover", ["network"] = "user" },
            ["labels"] = new JsonObject { ["zone"] = "a" },
        };
        if (stage is not null)
        {
            machine["stages"] = JsonSerializer.SerializeToNode(Stages(stage, secondsInStage, failed), MachineJson.Default.IReadOnlyListStageRecord);
        }

        return machine;
    }

    public static JsonObject Waiting(string id, string name) => With(Machine(id, name, "creating", MachineStage.Queue, 34), ("waiting", new JsonObject
    {
        ["reason"] = "No agent has 16 CPUs free: the best offer is 6 CPUs on agent-a3.", ["suggestion"] = "Ask for at most 6 CPUs, or delete web-2 (8 CPUs).", ["ahead"] = 2,
    }));

    public static JsonObject Failed(string id, string name) => With(Machine(id, name, "error", MachineStage.Docker, 61, failed: true),
        ("placement", new JsonObject { ["agentId"] = "S1", ["hostname"] = "agent-a2" }),
        ("transitioningMessage", "Docker in the guest did not answer within 60 s."),
        ("failure", new JsonObject
        {
            ["stage"] = MachineStage.Docker, ["cause"] = "Docker in the guest did not answer within 60 s: the data disk is full.",
            ["console"] = new JsonArray("[    4.118221] EXT4-fs (vda1): mounted filesystem r/w", "[    6.002114] systemd[1]: Starting docker.service...", "\u001b[31mdockerd[412]: failed to start daemon: mkdir /var/lib/docker/tmp: no space left on device\u001b[0m", "[   11.300921] systemd[1]: docker.service: Failed with result 'exit-code'."),
        }));

    public static JsonObject Active(string id, string name, string host) => With(Machine(id, name, "active", "all"),
        ("hostId", host), ("placement", new JsonObject { ["agentId"] = "S1", ["hostname"] = "agent-a1" }), ("readySeconds", 15.8), ("accelerator", "kvm"), ("acceleratorReason", "A probe booted under KVM in 0.4 s."));

    public static JsonObject Host(string id, string name, string? machine, string state = "active", HostLoad? load = null) => new()
    {
        ["id"] = id, ["type"] = "host", ["name"] = name, ["hostname"] = name, ["state"] = state, ["physicalHostId"] = machine, ["created"] = Wire(Now.AddSeconds(-30)), ["transitioning"] = "no",
        ["agentIpAddress"] = "10.0.2.15", ["labels"] = new JsonObject { ["zone"] = "a" },
        ["info"] = new JsonObject { ["osInfo"] = new JsonObject { ["operatingSystem"] = "Debian GNU/Linux 12", ["kernelVersion"] = "6.1.0-28-cloud-amd64", ["dockerVersion"] = "20.10.24" }, ["cpuInfo"] = new JsonObject { ["count"] = 2 }, ["memoryInfo"] = new JsonObject { ["memTotal"] = 1967 } },
        ["actions"] = state == "active" ? new JsonObject { ["shell"] = "http://x/?action=shell" } : new JsonObject(),
        ["load"] = load is null ? null : JsonSerializer.SerializeToNode(load, AgentJson.Default.HostLoad),
    };

    /// <param name="exit">How it ended, of a stopped one.</param>
    /// <param name="like">Everything else is as of this one.</param>
    public static JsonObject Container(string id, string name, string state = "running", string? host = "1h1", string image = "nginx:1.27", int exit = 0, JsonObject? like = null)
    {
        var verbs = state switch { "running" => (string[])["stop", "restart", "logs", "execute"], "stopped" or "error" => ["start", "remove", "logs"], _ => ["remove", "logs"] };
        var container = (JsonObject?)like?.DeepClone() ?? new JsonObject
        {
            ["id"] = id, ["type"] = "container", ["name"] = name, ["hostId"] = host, ["image"] = image, ["imageUuid"] = $"docker:{image}",
            ["externalId"] = $"{id.GetHashCode(StringComparison.Ordinal) & 0x7fffffff:x8}9f3c2a718d4e4b7a9a55c0ffee0123456789abcdef0123456789abcd", ["commandLine"] = "/docker-entrypoint.sh nginx -g 'daemon off;'",
            ["primaryIpAddress"] = "172.17.0.2", ["ports"] = new JsonArray(), ["labels"] = new JsonObject(), ["created"] = Wire(Now.AddHours(-3)),
        };
        return With(container,
            ("state", state), ("dockerState", state switch { "running" => "running", "stopped" => "exited", "restarting" => "restarting", _ => null }),
            ("status", state switch { "running" => "Up 3 hours", "stopped" => $"Exited ({exit}) 2 minutes ago", _ => "" }),
            ("exitCode", state == "stopped" ? exit : null),
            ("transitioning", state is "running" or "stopped" or "paused" or "removed" ? "no" : state == "error" ? "error" : "yes"),
            ("transitioningMessage", state == "error" ? $"No such image: {image}. The registry answered 404; check its name and tag." : null),
            ("actions", new JsonObject(verbs.Select(v => KeyValuePair.Create(v, (JsonNode?)$"http://x/?action={v}")))));
    }

    public static HostLoad Load(double cpu = 12, long memory = 640L << 20, DateTimeOffset? at = null, int containers = 4, int running = 3) => new()
    {
        At = at ?? Now, CpuPercent = cpu, MemoryUsedBytes = memory, MemoryTotalBytes = 2L << 30, DiskUsedBytes = 3L << 30, DiskTotalBytes = 20L << 30,
        Load1 = cpu / 40, NetworkReceive = 12_400, NetworkSend = 3_100, Containers = containers, ContainersRunning = running, AgentMemoryBytes = 14L << 20,
    };

    public static JsonObject With(JsonObject resource, params (string Field, JsonNode? Value)[] fields)
    {
        foreach (var (field, value) in fields)
        {
            resource[field] = value;
        }

        return resource;
    }

    public static HostView View(JsonObject? machine, JsonObject? host = null) =>
        HostView.Of(machine is null ? null : new CattleResource(machine), host is null ? null : new CattleResource(host));

    /// <summary>All stages up to <paramref name="stage"/>, which runs or has failed; <c>all</c> for a ready host.</summary>
    public static IReadOnlyList<StageRecord> Stages(string stage, double secondsInStage, bool failed)
    {
        var last = stage == "all" ? MachineStage.All.Count : MachineStage.All.ToList().IndexOf(stage);
        var begin = Now.AddSeconds(-secondsInStage - Usual.Take(last).Sum());
        List<StageRecord> stages = [];
        for (var i = 0; i < Math.Min(last + 1, MachineStage.All.Count); i++)
        {
            var running = i == last;
            var end = begin.AddSeconds(running ? secondsInStage : Usual[i]);
            stages.Add(new StageRecord
            {
                Stage = MachineStage.All[i],
                Status = !running ? StageStatus.Done : failed ? StageStatus.Failed : StageStatus.Running,
                StartedAt = begin,
                FinishedAt = running && !failed ? null : end,
            });
            begin = end;
        }

        return stages;
    }

    public static string Wire(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
