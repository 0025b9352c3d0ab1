using System.Text.Json.Nodes;
using Drover.Api.Cattle;
using Drover.Cli.Hosts;

namespace Drover.Cli.Containers;

/// <summary>A container and the name of its host.</summary>
internal sealed record ContainerOfHost(CattleResource Container, string Host)
{
    public string Name => Container.Name ?? Container.Id;

    /// <summary>Docker's id.</summary>
    public string DockerId => Container.Text("externalId") ?? "";
}

/// <summary>The containers of one environment, on all its hosts.</summary>
internal sealed class ContainerDirectory(CattleClient environment)
{
    private static readonly KeyValuePair<string, string>[] Page = [new("limit", "3000")];

    /// <param name="host">Name or id of a host; null for all.</param>
    public async Task<IReadOnlyList<ContainerOfHost>> ListAsync(string? host, CancellationToken cancellationToken)
    {
        var hosts = await new HostDirectory(environment).ListAsync(cancellationToken);
        var only = host is null ? null : HostName.Resolve(host, hosts).Host?.Id ?? "";
        var names = hosts.Where(h => h.Host is not null).ToDictionary(h => h.Host!.Id, h => h.Name, StringComparer.Ordinal);
        var containers = await environment.ListAsync("containers", only is null ? Page : [.. Page, new("hostId", only)], cancellationToken);
        return [.. containers.Select(c => new ContainerOfHost(c, names.GetValueOrDefault(c.Text("hostId") ?? "") ?? c.Text("hostId") ?? ""))
            .OrderBy(c => c.Host, StringComparer.OrdinalIgnoreCase).ThenBy(c => c.Name, StringComparer.OrdinalIgnoreCase)];
    }

    /// <summary>Finds each by name, <c>HOST/NAME</c>, our id, or the beginning of Docker's.</summary>
    /// <exception cref="CliFailure">One of them does not exist or is not clear; nothing was changed.</exception>
    public async Task<IReadOnlyList<ContainerOfHost>> ResolveAsync(IEnumerable<string> names, CancellationToken cancellationToken)
    {
        var all = await ListAsync(null, cancellationToken);
        return [.. names.Select(name => Resolve(name, all)).DistinctBy(c => c.Container.Id)];
    }

    internal static ContainerOfHost Resolve(string name, IReadOnlyList<ContainerOfHost> all)
    {
        var found = all.Where(c => c.Container.Id == name || c.Name == name || $"{c.Host}/{c.Name}" == name).ToList();
        if (found.Count == 0 && name.Length >= 4)
        {
            found = [.. all.Where(c => c.DockerId.StartsWith(name, StringComparison.OrdinalIgnoreCase))];
        }

        return found switch
        {
            [var one] => one,
            [] => throw new CliFailure(ExitCode.NotFound, $"There is no container '{name}'.", "'drover ps --all' lists them."),
            _ => throw new CliFailure(ExitCode.Refused, $"There are {found.Count} containers '{name}'.", $"Say which: {string.Join(", ", found.Select(c => $"{c.Host}/{c.Name}"))}"),
        };
    }

    public static JsonObject ToJson(ContainerOfHost container)
    {
        var json = container.Container;
        return new JsonObject
        {
            ["id"] = json.Id,
            ["name"] = container.Name,
            ["state"] = json.State,
            ["host"] = container.Host,
            ["hostId"] = json.Text("hostId"),
            ["dockerId"] = container.DockerId,
            ["image"] = json.Text("image"),
            ["command"] = json.Text("commandLine"),
            ["status"] = json.Transitioning is "yes" or "error" ? json.Text("transitioningMessage") : json.Text("status"),
            ["exitCode"] = json.Json["exitCode"]?.DeepClone(),
            ["address"] = json.Text("primaryIpAddress"),
            ["ports"] = json.Array("ports")?.DeepClone(),
            ["labels"] = json.Object("labels")?.DeepClone(),
            ["created"] = json.Text("created"),
        };
    }
}
