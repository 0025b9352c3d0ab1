using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Drover.Api.Cattle;
using Drover.Cli.Output;

namespace Drover.Cli.Commands;

/// <summary><c>drover events</c>: changes of resources as they happen, until Ctrl-C.</summary>
internal static class EventsCommand
{
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(15);
    private static readonly string[] Fields = ["time", "type", "id", "name", "state", "transitioning", "message"];

    public static Command Create(CliContext context, SharedOptions shared)
    {
        var follow = new Option<bool>("--follow", "-f") { Description = "Go on until Ctrl-C (the default)" };
        var length = new Option<TimeSpan?>("--for")
        {
            Description = "End after this time, such as 30s",
            HelpName = "TIME",
            CustomParser = result =>
            {
                if (Durations.TryParse(result.Tokens[0].Value, out var span))
                {
                    return span;
                }

                result.AddError($"--for: '{result.Tokens[0].Value}' is no length of time such as 30s.");
                return null;
            },
        };
        var type = new Option<string[]>("--type") { Description = "Only this type of resource, such as machine or host; may be given several times", HelpName = "TYPE" };
        var command = new Command("events", "Print changes as they happen; JSON is one object per line") { follow, length, type, shared.Format, shared.Quiet };
        command.SetAction(async (parsed, token) =>
        {
            using var server = shared.Choose(context, parsed);
            var environment = await server.EnvironmentAsync(token);
            using var limit = parsed.GetValue(length) is { } span ? new CancellationTokenSource(span, context.Time) : new CancellationTokenSource();
            using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, token);
            var writer = new EventWriter(shared.FormatOf(parsed), parsed.GetValue(shared.Quiet), context.Console.Out);
            try
            {
                await FollowAsync(environment, parsed.GetValue(type) ?? [], writer, context, either.Token);
            }
            catch (OperationCanceledException) when (limit.IsCancellationRequested && !token.IsCancellationRequested)
            {
                // The asked time is over.
            }

            return ExitCode.Ok;
        });
        return command;
    }

    /// <summary>Subscribes again, with growing pauses, when the server goes away; only the first refusal ends the command.</summary>
    private static async Task FollowAsync(CattleClient environment, string[] types, EventWriter writer, CliContext context, CancellationToken token)
    {
        var wasOpen = false;
        for (var failures = 0; ; failures++)
        {
            try
            {
                await foreach (var change in environment.SubscribeAsync(["resource.change"], () => wasOpen = true, token))
                {
                    failures = 0;
                    if (change.Resource is { } resource && (types.Length == 0 || types.Contains(resource.Type, StringComparer.OrdinalIgnoreCase) || types.Contains(change.ResourceType, StringComparer.OrdinalIgnoreCase)))
                    {
                        writer.Write(ToJson(change, resource, context.Time));
                    }
                }
            }
            catch (CattleException) when (wasOpen)
            {
                // It was there and went away: see the summary.
            }

            if (failures == 0)
            {
                context.Console.Error.WriteLine("The server closed the connection; trying again.");
            }

            await Task.Delay(TimeSpan.FromSeconds(Math.Min(Math.Pow(2, failures), LongestPause.TotalSeconds)), context.Time, token);
        }
    }

    private static JsonObject ToJson(CattleEvent change, CattleResource resource, TimeProvider time) => new()
    {
        ["time"] = (change.Json.Number("time") is { } ms ? DateTimeOffset.FromUnixTimeMilliseconds((long)ms) : time.GetUtcNow()).ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture),
        ["type"] = resource.Type,
        ["id"] = resource.Id,
        ["name"] = resource.Name,
        ["state"] = resource.State,
        ["transitioning"] = resource.Transitioning,
        ["message"] = resource.Transitioning is "yes" or "error" ? resource.TransitioningMessage : null,
    };

    /// <summary>Writes a stream: no format may wait for its end, so JSON is one object per line.</summary>
    private sealed class EventWriter(OutputFormat format, bool quiet, TextWriter output)
    {
        private readonly Dictionary<string, string> _last = new(StringComparer.Ordinal);
        private bool _begun;

        public void Write(JsonObject change)
        {
            // A host's load changes every few seconds; a line that says nothing new helps nobody.
            var said = string.Join('\n', Fields.Skip(1).Select(change.Text));
            var resource = $"{change.Text("type")}/{change.Text("id")}";
            if (_last.GetValueOrDefault(resource) == said)
            {
                return;
            }

            _last[resource] = said;
            switch (format)
            {
                case OutputFormat.Json:
                    output.WriteLine(ListingWriter.Line(change));
                    break;
                case OutputFormat.Yaml:
                    YamlWriter.Write([change], output);
                    break;
                case OutputFormat.Csv:
                    CsvWriter.Write([change], Fields, output, header: !_begun);
                    break;
                case OutputFormat.Table when quiet:
                    output.WriteLine(TextSafety.Line(change.Text("id")));
                    break;
                default:
                    output.WriteLine(string.Join("  ", Fields.Where(f => f != "transitioning").Select(f => TextSafety.Line(change.Text(f))).Where(t => t.Length > 0)));
                    break;
            }

            _begun = true;
            output.Flush();
        }
    }
}
