using System.Text.Json;
using System.Text.Json.Nodes;
using Drover.Api.Agents;
using Drover.Api.Cattle;

namespace Drover.Web.Hosts;

/// <summary>What is true of a host for long, from the field <c>facts</c> of our server or from <c>info</c> as Rancher 1.x agents report it.</summary>
internal static class HostFactsReader
{
    /// <summary>Agents report what <c>docker --version</c> prints.</summary>
    private const string DockerPrefix = "Docker version ";

    public static HostFacts? Of(CattleResource host)
    {
        if (host.Object("facts") is { } facts && HostView.Read(() => facts.Deserialize(AgentJson.Default.HostFacts)) is { } read)
        {
            return read;
        }

        return host.Object("info") is { } info ? OfInfo(host, info) : null;
    }

    private static HostFacts OfInfo(CattleResource host, JsonObject info)
    {
        var os = new CattleResource(info["osInfo"] as JsonObject ?? []);
        var cpu = new CattleResource(info["cpuInfo"] as JsonObject ?? []);
        var memory = new CattleResource(info["memoryInfo"] as JsonObject ?? []);
        return new HostFacts
        {
            Uuid = host.Uuid ?? "",
            PhysicalHostUuid = host.Uuid ?? "",
            Hostname = host.Text("hostname") ?? host.Name ?? "",
            Cpus = (int)(cpu.Number("count") ?? 0),
            MemoryBytes = (long)((memory.Number("memTotal") ?? 0) * 1024 * 1024),
            Kernel = os.Text("kernelVersion"),
            OperatingSystem = os.Text("operatingSystem"),
            DockerVersion = os.Text("dockerVersion") is { } docker && docker.StartsWith(DockerPrefix, StringComparison.Ordinal) ? docker[DockerPrefix.Length..] : os.Text("dockerVersion"),
            DockerStorageDriver = new CattleResource(info["diskInfo"] as JsonObject ?? []).Text("dockerStorageDriver"),
            AgentVersion = host.Text("agentVersion"),
            Address = host.Text("agentIpAddress"),
        };
    }
}
