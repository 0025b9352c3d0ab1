using System.Text.Json.Nodes;
using Docker.DotNet.Models;

namespace Drover.Server.Containers.Orders;

/// <summary>What Docker is told to make of a checked spec.</summary>
internal static class DockerParameters
{
    private const long NanosOfMilliCpu = 1_000_000;

    /// <param name="uuid">The order's; the container carries it as a label.</param>
    public static CreateContainerParameters Of(JsonObject spec, string name, string uuid)
    {
        var ports = ContainerFields.TextsOf(spec, "ports").Select(port => PortMapping.Parse(port)!).ToList();
        var labels = ContainerFields.MapOf(spec, "labels").ToDictionary(StringComparer.Ordinal);
        labels[ContainerLabels.Uuid] = uuid;
        return new CreateContainerParameters
        {
            Name = name,
            Image = ContainerFields.ImageOf(spec).ToString(),
            Cmd = Texts(spec, "command"),
            Entrypoint = spec["entryPoint"] is JsonArray ? Texts(spec, "entryPoint") : null!, // an empty one would take the image's away
            Env = [.. ContainerFields.MapOf(spec, "environment").Select(variable => $"{variable.Key}={variable.Value}")],
            Labels = labels,
            ExposedPorts = ports.Select(port => port.Private).Distinct(StringComparer.Ordinal).ToDictionary(port => port, _ => default(EmptyStruct), StringComparer.Ordinal),
            User = (string?)spec["user"] ?? "",
            WorkingDir = (string?)spec["workingDir"] ?? "",
            Hostname = (string?)spec["hostname"] ?? "",
            Tty = Flag(spec, "tty"),
            OpenStdin = Flag(spec, "stdinOpen"),
            HostConfig = new HostConfig
            {
                Binds = Texts(spec, "dataVolumes"),
                PortBindings = ports.GroupBy(port => port.Private, StringComparer.Ordinal)
                    .ToDictionary(group => group.Key, IList<PortBinding> (group) => [.. group.Select(port => new PortBinding { HostIP = port.Address, HostPort = port.Public })], StringComparer.Ordinal),
                RestartPolicy = Restart(spec[ContainerFields.RestartPolicy] as JsonObject ?? []),
                Memory = Number(spec, "memory"),
                MemorySwap = Number(spec, "memorySwap"),
                CPUShares = Number(spec, "cpuShares"),
                NanoCPUs = Number(spec, "milliCpu") * NanosOfMilliCpu,
                Privileged = Flag(spec, "privileged"),
                NetworkMode = (string?)spec["networkMode"] ?? "",
            },
        };
    }

    public static bool Flag(JsonObject spec, string field) => (bool?)spec[field] ?? false;

    private static List<string> Texts(JsonObject spec, string field) => [.. ContainerFields.TextsOf(spec, field)];

    private static long Number(JsonObject spec, string field) => (long?)spec[field] ?? 0;

    private static RestartPolicy Restart(JsonObject policy) => new()
    {
        Name = (string?)policy["name"] switch
        {
            "always" => RestartPolicyKind.Always,
            "on-failure" => RestartPolicyKind.OnFailure,
            "unless-stopped" => RestartPolicyKind.UnlessStopped,
            _ => RestartPolicyKind.No,
        },
        MaximumRetryCount = (int?)(long?)policy["maximumRetryCount"] ?? 0,
    };
}

/// <summary>Labels that are ours, by Rancher's names (cattle-api §4.3).</summary>
internal static class ContainerLabels
{
    public const string Uuid = "io.rancher.container.uuid";
}
