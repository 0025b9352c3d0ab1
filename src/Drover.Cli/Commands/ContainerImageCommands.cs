using System.CommandLine;
using System.Globalization;
using System.Net.WebSockets;
using System.Text.Json.Nodes;
using Drover.Api;
using Drover.Api.Cattle;
using Drover.Cli.Containers;
using Drover.Cli.Hosts;
using Drover.Cli.Output;

namespace Drover.Cli.Commands;

/// <summary><c>drover images | pull</c>: the container images that hosts have.</summary>
internal static class ContainerImageCommands
{
    private static readonly string[] Fields = ["host", "tag", "tags", "id", "size", "created", "containers"];

    public static IEnumerable<Command> Create(CliContext context, SharedOptions shared)
    {
        yield return List(context, shared);
        yield return Pull(context, shared);
    }

    private static Command List(CliContext context, SharedOptions shared)
    {
        var host = new Option<string?>("--host") { Description = "Only those of one host", HelpName = "NAME" };
        var command = new Command("images", "List the container images that hosts have") { host, shared.Format, shared.Quiet };
        command.SetAction(async (parsed, token) =>
        {
            using var server = shared.Choose(context, parsed);
            var environment = await server.EnvironmentAsync(token);
            var rows = new List<JsonObject>();
            foreach (var row in await HostsAsync(environment, parsed.GetValue(host), token))
            {
                foreach (var image in (await environment.PageAsync($"hosts/{row.Host!.Id}/images", token)).Data)
                {
                    var json = (JsonObject)image.Json.DeepClone();
                    json.Remove("type");
                    (json["host"], json["tag"]) = (row.Name, (string?)(json["tags"] as JsonArray)?.FirstOrDefault() ?? "none");
                    rows.Add(json);
                }
            }

            shared.Print(new Listing(rows, Columns(context.Time.GetUtcNow()), Fields) { WhenEmpty = "There are no images." }, context, parsed);
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Pull(CliContext context, SharedOptions shared)
    {
        var image = new Argument<string>("IMAGE") { Description = "Container image: nginx:1.27", HelpName = "IMAGE" };
        var host = new Option<string?>("--host") { Description = "Only to one host [default: all that are connected]", HelpName = "NAME" };
        var command = new Command("pull", "Pull a container image to hosts") { image, host, shared.Quiet };
        command.SetAction(async (parsed, token) =>
        {
            using var server = shared.Choose(context, parsed);
            var environment = await server.EnvironmentAsync(token);
            var hosts = await HostsAsync(environment, parsed.GetValue(host), token);
            if (hosts.Count == 0)
            {
                throw new CliFailure(ExitCode.Refused, "No host is active.", "Add one: drover host create NAME");
            }

            await using var board = shared.Board(context, parsed);
            var results = await Task.WhenAll(hosts.Select(row => PullAsync(environment, row, parsed.GetRequiredValue(image), board, context.Time, token)));
            return results.All(done => done) ? ExitCode.Ok : ExitCode.Failed;
        });
        return command;
    }

    private static async Task<bool> PullAsync(CattleClient environment, HostRow host, string image, IStepBoard board, TimeProvider time, CancellationToken token)
    {
        var began = time.GetUtcNow();
        var access = await environment.ActionAsync("hosts", host.Host!.Id, "pull", new JsonObject { ["imageUuid"] = $"docker:{image}" }, token);
        using var socket = await StreamDial.OpenAsync(environment, access, null, token);
        string? last = null;
        try
        {
            await foreach (var message in TextMessages.ReadAsync(socket, token))
            {
                last = JsonRow.TryParse(message)?.Text("message") ?? last;
                board.Show(new Step("", host.Name, StepState.Running, began, null, last, IsNews: true));
            }
        }
        catch (WebSocketException)
        {
            // Told below.
        }

        var failure = StreamDial.FailureOf(socket);
        board.Show(new Step("", host.Name, failure is null ? StepState.Done : StepState.Failed, began, time.GetUtcNow() - began, failure?.Message ?? last));
        return failure is null;
    }

    /// <summary>The active ones, or the one that is named.</summary>
    private static async Task<IReadOnlyList<HostRow>> HostsAsync(CattleClient environment, string? name, CancellationToken token)
    {
        var directory = new HostDirectory(environment);
        if (name is null)
        {
            return [.. (await directory.ListAsync(token)).Where(row => row is { State: "active", Host: not null }).OrderBy(row => row.Name, StringComparer.OrdinalIgnoreCase)];
        }

        var found = await directory.ResolveAsync(name, token);
        return found.Host is null ? throw new CliFailure(ExitCode.Refused, $"{found.Name} is {found.State}: there is no Docker to speak to yet.", $"Wait for it: drover wait {found.Name}") : [found];
    }

    private static IReadOnlyList<Column> Columns(DateTimeOffset now) =>
    [
        Column.Of("HOST", "host"), Column.Of("IMAGE", "tag"),
        new("ID", row => row.Text("id")?.Replace("sha256:", "", StringComparison.Ordinal) is { Length: >= 12 } id ? id[..12] : null),
        new("SIZE", row => row.Number("size") is { } size ? new ByteSize((long)size).ToDisplayString() : null, ColumnKind.Figure),
        new("CONTAINERS", row => row.Text("containers"), ColumnKind.Figure),
        new("AGE", row => DateTimeOffset.TryParse(row.Text("created"), CultureInfo.InvariantCulture, out var created) ? Durations.Age(now - created) : null, ColumnKind.Figure),
    ];
}
