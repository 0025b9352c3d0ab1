using System.Net;
using System.Text.Json.Nodes;
using Docker.DotNet;
using Drover.Server.Api.Registry;
using Drover.Server.Api.Requests;

namespace Drover.Server.Containers.Access;

/// <summary>The actions and links of a container that lead to streams: logs, execute, attach, statistics (cattle-api §4.4); and Docker's own description of it.</summary>
internal static class ContainerAccess
{
    private const string HostAccess = "hostAccess";
    private const string StatsAccess = "statsAccess";
    private const string LogsInput = "containerLogs";
    private const string ExecInput = "containerExec";

    /// <summary>Inputs and outputs, by Cattle's names; <c>hostAccess</c> is the consoles' too.</summary>
    public static IEnumerable<EmbeddedType> Types()
    {
        var logs = new EmbeddedType { Name = LogsInput, Plural = LogsInput };
        logs.Plain("follow", "boolean").Creatable().Default(true);
        logs.Plain("lines", "int").Creatable().Default(100).Range(0, 10_000_000).Says("The last so many; 0 for all.");
        logs.Plain("timestamps", "boolean").Creatable().Default(false);
        logs.Plain("since", "string").Creatable().Length(0, 64).Checked(LogTime.Check).Says("A time (RFC 3339 or seconds since 1970) or how long ago (10m).");
        yield return logs;
        var exec = new EmbeddedType { Name = ExecInput, Plural = ExecInput + "s" };
        exec.Plain("attachStdin", "boolean").Creatable().Default(true);
        exec.Plain("attachStdout", "boolean").Creatable().Default(true);
        exec.Plain("command", "array[string]").Creatable().Required().Checked(Command);
        exec.Plain("tty", "boolean").Creatable().Default(true);
        exec.Plain("user", "string").Creatable().Length(0, 128).Says("As whom; else as the container's own.");
        exec.Plain("workingDir", "string").Creatable().Length(0, 1024);
        yield return exec;
        var stats = new EmbeddedType { Name = StatsAccess, Plural = StatsAccess + "es" };
        stats.Plain("url", "string").Says("A WebSocket of text messages, one each second; open it with ?token=TOKEN.");
        stats.Plain("token", "string").Says("Good for five minutes.");
        yield return stats;
    }

    public static void AddTo(ContainerType type, StreamTokens tokens, Inventories inventories)
    {
        Action("logs", LogsInput, LogsType.Path, ContainerType.Users | Roles.ReadOnly, row => row.DockerId.Length > 0 && row.Removed is null);
        Action("execute", ExecInput, ExecType.Path, ContainerType.Users, row => row.State is "running" or "stopping");
        Action("attach", null, ExecType.Path, ContainerType.Users, row => row.DockerId.Length > 0 && row.State is "running" or "stopped" or "starting" or "stopping");
        foreach (var name in new[] { "containerStats", "stats" })
        {
            type.Links.Add(new LinkRule { Name = name, Target = StatsAccess, Id = Numbered, Custom = (context, row) => Task.FromResult(ApiResult.Ok(StreamAnswer.Of(context, tokens, StatsAccess, new StreamRight(StatsType.Path, ((ContainerRow)row).HostId, row.Id, [])))) });
        }

        type.Links.Add(new LinkRule { Name = "inspect", Target = "container", Id = Numbered, Custom = (context, row) => InspectAsync(context, inventories, (ContainerRow)row) });

        void Action(string name, string? input, string kind, Roles roles, Func<ContainerRow, bool> available) => type.Actions.Add(new ActionRule
        {
            Name = name,
            Roles = roles,
            Input = input,
            Output = HostAccess,
            Available = row => available((ContainerRow)row),
            Run = async (context, row, body) =>
            {
                var arguments = input is null ? new JsonObject { ["attach"] = true } : await FieldChecks.ForInputAsync(context.Registry().Find(input)!, context, body);
                return StreamAnswer.Of(context, tokens, HostAccess, new StreamRight(kind, ((ContainerRow)row).HostId, row.Id, arguments));
            },
        });
    }

    private static long? Numbered(Storage.ResourceRow row) => ((ContainerRow)row).DockerId.Length > 0 ? row.Id : null;

    private static async Task<ApiResult> InspectAsync(ApiContext context, Inventories inventories, ContainerRow row)
    {
        var docker = inventories.DockerOf(row.HostId) ?? throw new ApiError(503, "HostNotConnected", "The host of this container is not connected at present; its link returns by itself.");
        try
        {
            return ApiResult.Ok(await docker.ReadAsync($"containers/{row.DockerId}/json", context.Aborted));
        }
        catch (DockerApiException e) when (e.StatusCode == HttpStatusCode.NotFound)
        {
            throw ApiError.NotFound($"container '{row.Name}'");
        }
        catch (Exception e) when (DockerFault.IsAway(e, context.Aborted))
        {
            throw new ApiError(503, "HostNotConnected", DockerFault.Away(e));
        }
    }

    private static JsonNode Command(JsonNode value) =>
        ((JsonArray)value).Count > 0 && ((JsonArray)value).All(word => word is JsonValue v && v.TryGetValue<string>(out var text) && !text.Contains('\0', StringComparison.Ordinal)) ? value
        : throw ApiError.Invalid("InvalidFormat", "command", "'command' must be a list of words, such as [\"sh\", \"-c\", \"ls\"].");
}
