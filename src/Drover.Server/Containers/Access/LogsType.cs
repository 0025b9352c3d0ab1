using System.Globalization;
using System.Text.Json.Nodes;

namespace Drover.Server.Containers.Access;

/// <summary><c>/v1/logs/</c>: a container's log as text messages, a line each; with the sub-protocol <c>lines</c> as many in a message as there are at the moment, which is quicker.</summary>
internal sealed class LogsType(StreamServices services) : StreamEndpoint(services)
{
    public const string Path = "logs";
    private const string Lines = "lines";
    private readonly TimeProvider _time = services.Time;

    protected override IReadOnlyList<string> Protocols => [Lines];

    protected override async Task<IRelay> OpenAsync(StreamRight right, HostDocker docker, ContainerRow? container, string? protocol, CancellationToken cancellationToken)
    {
        var id = container!.DockerId;
        var tty = (bool?)(await docker.ReadAsync($"containers/{id}/json", cancellationToken))["Config"]?["Tty"] ?? false;
        return new LogRelay(await docker.GetStreamAsync($"containers/{id}/logs?{Query(right.Arguments)}", cancellationToken), docker, id, tty, together: protocol == Lines);
    }

    private string Query(JsonObject arguments)
    {
        var lines = (long?)arguments["lines"] ?? 100;
        var since = (string?)arguments["since"] is { Length: > 0 } text ? LogTime.ToDocker(text, _time.GetUtcNow()) : null;
        return $"stdout=1&stderr=1&follow={Number((bool?)arguments["follow"] ?? true)}&timestamps={Number((bool?)arguments["timestamps"] ?? false)}"
            + $"&tail={(lines <= 0 ? "all" : lines.ToString(CultureInfo.InvariantCulture))}{(since is null ? "" : $"&since={since}")}";
    }

    private static string Number(bool flag) => flag ? "1" : "0";
}
