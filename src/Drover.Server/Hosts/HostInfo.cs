using System.Text.Json.Nodes;
using Drover.Api.Agents;
using Drover.Server.Storage;

namespace Drover.Server.Hosts;

/// <summary>Writes an agent's facts into the host in the shape that clients of Rancher know (cattle-api §4.2, <c>info</c>).</summary>
internal static class HostInfo
{
    private const long Mebi = 1024 * 1024;

    public static void Apply(HostRow host, HostFacts facts)
    {
        host.Hostname = facts.Hostname;
        var fields = (JsonObject)host.Fields.DeepClone();
        fields["info"] = Info(facts);
        fields["labels"] = Labels(fields["labels"] as JsonObject, facts.Labels);
        fields["agentIpAddress"] = facts.Address;
        fields["agentVersion"] = facts.AgentVersion;
        SetUnlessGiven(fields, "memory", facts.MemoryBytes);
        SetUnlessGiven(fields, "milliCpu", facts.Cpus * 1000L);
        SetUnlessGiven(fields, "localStorageMb", facts.DiskBytes / Mebi);
        host.Fields = fields;
    }

    private static JsonObject Info(HostFacts facts) => new()
    {
        ["osInfo"] = new JsonObject
        {
            ["operatingSystem"] = facts.OperatingSystem,
            ["kernelVersion"] = facts.Kernel,
            ["dockerVersion"] = facts.DockerVersion is { } version ? $"Docker version {version}" : null,
        },
        ["memoryInfo"] = new JsonObject { ["memTotal"] = facts.MemoryBytes / Mebi },
        ["cpuInfo"] = new JsonObject { ["count"] = facts.Cpus },
        ["diskInfo"] = new JsonObject
        {
            ["dockerStorageDriver"] = facts.DockerStorageDriver,
            ["mountPoints"] = new JsonObject { ["/var/lib/docker"] = new JsonObject { ["total"] = facts.DiskBytes / Mebi } },
        },
    };

    /// <summary>Labels are merged and never deleted: what a user added stays.</summary>
    private static JsonObject Labels(JsonObject? present, IReadOnlyDictionary<string, string> reported)
    {
        var labels = (JsonObject?)present?.DeepClone() ?? [];
        foreach (var (key, value) in reported)
        {
            labels[key] = value;
        }

        return labels;
    }

    private static void SetUnlessGiven(JsonObject fields, string field, long value)
    {
        if ((fields["given"] as JsonArray)?.Any(g => g?.GetValue<string>() == field) != true)
        {
            fields[field] = value;
        }
    }
}
