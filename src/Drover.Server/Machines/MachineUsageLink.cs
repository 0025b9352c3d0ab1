using System.Text.Json.Nodes;
using Drover.Server.Api;
using Drover.Server.Api.Requests;
using Drover.Server.Events;
using Drover.Server.Storage;

namespace Drover.Server.Machines;

/// <summary>What a machine takes of its computer, measured from outside, read through whoever runs it: <c>GET /v1/machines/ID/usage</c>.</summary>
internal sealed class MachineUsageLink(EventRequests requests, ServerOptions options)
{
    private const string Process = "physicalhost.usage";

    public async Task<ApiResult> ReadAsync(ApiContext context, ResourceRow row)
    {
        var id = Ids.Format(MachineProcesses.IdLetters, row.Id);
        var answer = await requests.AskAsync(context.Db, Process, MachineProcesses.ResourceType, id, [], options.ConsoleTimeout, context.Aborted);
        return ApiResult.Ok(new JsonObject
        {
            ["type"] = "machineUsage",
            ["links"] = new JsonObject { ["self"] = $"{context.Root}/machines/{id}/usage" },
            ["actions"] = new JsonObject(),
            ["samples"] = (answer.Data?["usage"] as JsonObject)?["samples"]?.DeepClone() ?? new JsonArray(),
        });
    }
}
