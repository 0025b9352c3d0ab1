using System.Text.Json.Nodes;

namespace Drover.Server.Containers.Access;

/// <summary>One of Docker's statistics as cAdvisor's shape, with two figures of ours beside: <c>cpuPercent</c> of one CPU, and <c>pids</c>.</summary>
internal static class ContainerSample
{
    /// <returns>Null for what Docker says of a container that does not run.</returns>
    public static JsonObject? Of(JsonObject stats, string id)
    {
        if ((string?)stats["read"] is not { } read || read.StartsWith("0001", StringComparison.Ordinal) || stats["cpu_stats"]?["cpu_usage"] is not { } usage)
        {
            return null;
        }

        var (received, sent) = Network(stats);
        var (bytesRead, bytesWritten) = Blocks(stats);
        return new JsonObject
        {
            ["id"] = id,
            ["resourceType"] = "container",
            ["timestamp"] = read,
            ["memLimit"] = Number(stats["memory_stats"]?["limit"]),
            ["cpu"] = new JsonObject
            {
                ["usage"] = new JsonObject { ["total"] = Number(usage["total_usage"]), ["user"] = Number(usage["usage_in_usermode"]), ["system"] = Number(usage["usage_in_kernelmode"]) },
            },
            ["memory"] = new JsonObject { ["usage"] = Memory(stats["memory_stats"]) },
            ["network"] = new JsonObject { ["name"] = "all", ["rx_bytes"] = received, ["tx_bytes"] = sent },
            ["diskIo"] = new JsonObject { ["ioServiceBytes"] = new JsonArray(new JsonObject { ["device"] = "all", ["stats"] = new JsonObject { ["Read"] = bytesRead, ["Write"] = bytesWritten } }) },
            ["cpuPercent"] = CpuPercent(stats),
            ["pids"] = Number(stats["pids_stats"]?["current"]),
        };
    }

    /// <summary>As Docker's own client counts: the share of the host's time between two samples, in per cent of one CPU.</summary>
    private static double? CpuPercent(JsonObject stats)
    {
        var (now, before) = (stats["cpu_stats"], stats["precpu_stats"]);
        var cpu = Number(now?["cpu_usage"]?["total_usage"]) - Number(before?["cpu_usage"]?["total_usage"]);
        var all = Number(now?["system_cpu_usage"]) - Number(before?["system_cpu_usage"]);
        return Number(before?["system_cpu_usage"]) == 0 || all <= 0 || cpu < 0 ? null : Math.Round(100.0 * cpu / all * Math.Max(1, Number(now?["online_cpus"])), 2);
    }

    /// <summary>Without what the kernel would give back at once, as Docker's own client counts.</summary>
    private static long Memory(JsonNode? memory)
    {
        var cache = Number(memory?["stats"]?["inactive_file"] ?? memory?["stats"]?["total_inactive_file"]);
        return Number(memory?["usage"]) is var usage && cache < usage ? usage - cache : usage;
    }

    private static (long Received, long Sent) Network(JsonObject stats)
    {
        var cards = (stats["networks"] as JsonObject)?.Select(card => card.Value) ?? [];
        return (cards.Sum(card => Number(card?["rx_bytes"])), cards.Sum(card => Number(card?["tx_bytes"])));
    }

    private static (long Read, long Written) Blocks(JsonObject stats)
    {
        var counts = stats["blkio_stats"]?["io_service_bytes_recursive"] as JsonArray ?? [];
        long Of(string operation) => counts.Where(c => string.Equals((string?)c?["op"], operation, StringComparison.OrdinalIgnoreCase)).Sum(c => Number(c?["value"]));
        return (Of("read"), Of("write"));
    }

    private static long Number(JsonNode? number) => number is JsonValue value && value.TryGetValue<long>(out var whole) ? whole : number is JsonValue other && other.TryGetValue<double>(out var real) ? (long)Math.Min(real, long.MaxValue) : 0;
}
