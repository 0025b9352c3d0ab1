using System.Globalization;
using System.Text.Json.Nodes;
using Drover.Server.Api;
using Drover.Server.Api.Requests;
using Drover.Server.Events;
using Drover.Server.Storage;

namespace Drover.Server.Machines;

/// <summary>The boot log of a machine, read through whoever runs it: <c>GET /v1/machines/ID/console?offset=N</c>.</summary>
internal sealed class MachineConsole(EventRequests requests, ServerOptions options)
{
    private const string Process = "physicalhost.console";
    private const int Length = 64 * 1024;

    public async Task<ApiResult> ReadAsync(ApiContext context, ResourceRow row)
    {
        var text = context.Http.Request.Query["offset"].FirstOrDefault();
        if (!long.TryParse(text ?? "0", NumberStyles.None, CultureInfo.InvariantCulture, out var offset))
        {
            throw ApiError.Invalid("InvalidFormat", "offset", "offset must be a whole number of bytes, 0 or more.");
        }

        var answer = await requests.AskAsync(
            context.Db,
            Process,
            MachineProcesses.ResourceType,
            Ids.Format(MachineProcesses.IdLetters, row.Id),
            new JsonObject { ["offset"] = offset, ["length"] = Length },
            options.ConsoleTimeout,
            context.Aborted);
        var console = answer.Data?["console"] as JsonObject ?? [];
        return ApiResult.Ok(new JsonObject
        {
            ["type"] = "machineConsole",
            ["links"] = new JsonObject { ["self"] = $"{context.Root}/machines/{Ids.Format(MachineProcesses.IdLetters, row.Id)}/console" },
            ["actions"] = new JsonObject(),
            ["offset"] = console["offset"]?.DeepClone() ?? offset,
            ["next"] = console["next"]?.DeepClone() ?? offset,
            ["text"] = console["text"]?.DeepClone() ?? "",
            ["size"] = console["size"]?.DeepClone() ?? 0,
        });
    }
}
