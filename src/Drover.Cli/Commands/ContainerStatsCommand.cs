using System.Collections.Concurrent;
using System.CommandLine;
using System.Globalization;
using System.Net.WebSockets;
using System.Text.Json.Nodes;
using Drover.Api;
using Drover.Api.Cattle;
using Drover.Cli.Containers;
using Drover.Cli.Output;

namespace Drover.Cli.Commands;

/// <summary><c>drover stats [CONTAINER…]</c>: what containers take now; at a terminal again and again.</summary>
internal static class ContainerStatsCommand
{
    /// <summary>Containers at a time without being named: each is a stream in its host.</summary>
    private const int Most = 100;

    private static readonly TimeSpan s_pace = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);
    private static readonly string[] Fields = ["id", "name", "host", "cpuPercent", "memoryBytes", "memoryLimit", "networkReceived", "networkSent", "diskRead", "diskWritten", "pids"];

    private static readonly Column[] Columns =
    [
        Column.Of("NAME", "name"), Column.Of("HOST", "host"),
        new("CPU", row => row.Number("cpuPercent") is { } percent ? string.Create(CultureInfo.InvariantCulture, $"{percent:0.0} %") : null, ColumnKind.Figure),
        Size("MEMORY", "memoryBytes"), Size("LIMIT", "memoryLimit"), Size("RECEIVED", "networkReceived"), Size("SENT", "networkSent"), Size("READ", "diskRead"), Size("WRITTEN", "diskWritten"),
        new("PIDS", row => row.Text("pids"), ColumnKind.Figure),
    ];

    public static Command Create(CliContext context, SharedOptions shared)
    {
        var names = new Argument<string[]>("CONTAINER") { Description = "Names, HOST/NAME, or ids [default: all that run]", HelpName = "CONTAINER", Arity = ArgumentArity.ZeroOrMore };
        var once = new Option<bool>("--no-stream") { Description = "Only once" };
        var command = new Command("stats", "What containers take: CPU, memory, network, disk") { names, once, shared.Format, shared.Quiet };
        command.SetAction(async (parsed, token) =>
        {
            using var server = shared.Choose(context, parsed);
            var environment = await server.EnvironmentAsync(token);
            var directory = new ContainerDirectory(environment);
            var wanted = parsed.GetValue(names) is { Length: > 0 } given ? await directory.ResolveAsync(given, token) : await directory.ListAsync(null, token);
            var running = wanted.Where(c => c.Container.State == "running").ToList();
            if (running.Count > Most)
            {
                throw new CliFailure(ExitCode.Usage, $"{running.Count} containers run; {Most} can be watched at a time.", "Name those that you mean.");
            }

            var live = !parsed.GetValue(once) && context.Console.OutIsTerminal && shared.FormatOf(parsed) == OutputFormat.Table;
            await WatchAsync(environment, running, live, rows => shared.Print(new Listing(rows, Columns, Fields) { WhenEmpty = "No container runs." }, context, parsed), context, token);
            return ExitCode.Ok;
        });
        return command;
    }

    private static async Task WatchAsync(CattleClient environment, List<ContainerOfHost> containers, bool live, Action<List<JsonObject>> print, CliContext context, CancellationToken token)
    {
        var latest = new ConcurrentDictionary<string, JsonObject>(StringComparer.Ordinal);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(token);
        var full = new TaskCompletionSource();
        var watching = Task.WhenAll(containers.Select(container => FollowAsync(environment, container, sample =>
        {
            latest[container.Container.Id] = sample;
            if (latest.Count == containers.Count && latest.Values.All(s => s["cpuPercent"] is not null))
            {
                full.TrySetResult();
            }
        }, over.Token)));
        await Task.WhenAny(full.Task, watching, Task.Delay(s_patience, context.Time, token));
        print(Rows());
        if (live)
        {
            using var timer = new PeriodicTimer(s_pace, context.Time);
            while (!watching.IsCompleted && await timer.WaitForNextTickAsync(token))
            {
                context.Console.Out.Write("\u001b[H\u001b[2J");
                print(Rows());
                context.Console.Out.Flush();
            }
        }

        await over.CancelAsync();
        await watching.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

        List<JsonObject> Rows() => [.. containers.Select(c => latest.GetValueOrDefault(c.Container.Id)).OfType<JsonObject>().Select(row => (JsonObject)row.DeepClone())];
    }

    private static async Task FollowAsync(CattleClient environment, ContainerOfHost container, Action<JsonObject> heard, CancellationToken token)
    {
        try
        {
            var access = new CattleResource(await environment.SendAsync(HttpMethod.Get, $"containers/{container.Container.Id}/containerstats", null, token));
            using var socket = await StreamDial.OpenAsync(environment, access, null, token);
            await foreach (var message in TextMessages.ReadAsync(socket, token))
            {
                if (JsonNode.Parse(message) is JsonArray and [JsonObject sample, ..])
                {
                    heard(Row(container, sample));
                }
            }
        }
        catch (Exception e) when (e is WebSocketException or CattleException)
        {
            // One that has ended meanwhile is not shown.
        }
    }

    private static JsonObject Row(ContainerOfHost container, JsonObject sample) => new()
    {
        ["id"] = container.Container.Id,
        ["name"] = container.Name,
        ["host"] = container.Host,
        ["cpuPercent"] = sample["cpuPercent"]?.DeepClone(),
        ["memoryBytes"] = sample["memory"]?["usage"]?.DeepClone(),
        ["memoryLimit"] = sample["memLimit"]?.DeepClone(),
        ["networkReceived"] = sample["network"]?["rx_bytes"]?.DeepClone(),
        ["networkSent"] = sample["network"]?["tx_bytes"]?.DeepClone(),
        ["diskRead"] = sample["diskIo"]?["ioServiceBytes"]?[0]?["stats"]?["Read"]?.DeepClone(),
        ["diskWritten"] = sample["diskIo"]?["ioServiceBytes"]?[0]?["stats"]?["Write"]?.DeepClone(),
        ["pids"] = sample["pids"]?.DeepClone(),
    };

    private static Column Size(string title, string field) => new(title, row => row.Number(field) is { } bytes ? new ByteSize((long)bytes).ToDisplayString() : null, ColumnKind.Figure);
}
