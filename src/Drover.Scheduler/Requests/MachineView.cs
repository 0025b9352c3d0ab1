using System.Text.Json;
using System.Text.Json.Nodes;
using Drover.Api.Machines;
using Drover.Scheduler.Addresses;
using Drover.Scheduler.Placement;

namespace Drover.Scheduler.Requests;

/// <summary>What the server shows of a request: fields of the machine, and where it is on its road.</summary>
/// <param name="Message">A sentence for people.</param>
/// <param name="Progress">0 to 100 of the whole road.</param>
/// <param name="Data">Merged into the machine.</param>
internal sealed record MachineView(string Message, int? Progress, JsonObject Data)
{
    public static MachineView Of(MachineRequest request, WaitingExplanation? waiting, string? note)
    {
        var (message, progress) = request.State switch
        {
            RequestState.Queued when request.Discard => ($"Removing its disk on {request.Kept?.Hostname}", (int?)null),
            RequestState.Queued => (waiting?.Reason ?? note ?? "Waiting for the cluster", MachineStage.ProgressAtStart(MachineStage.Queue)),
            RequestState.Stopping => (request.LostSince is null ? "Stopping the machine" : $"Waiting for agent {request.Placement?.Hostname}, which the cluster has lost", (int?)null),
            _ when request.LostSince is not null => ($"The cluster has lost agent {request.Placement?.Hostname}; waiting for it to return", request.Report?.Progress),
            RequestState.Running when request.Order is { } order => (Commands.MachineOrders.Sentence(order.Wanted is null ? order.Verb : MachineCommand.Vacate), null),
            _ when request.Report is { } report => (report.Message ?? report.Stage, report.Progress ?? MachineStage.ProgressAtStart(report.Stage)),
            _ when request.Claim is not null => ($"Taking a spare on {request.Placement?.Hostname}", MachineStage.ProgressAtStart(MachineStage.Launch)),
            _ => ($"Starting the executor on {request.Placement?.Hostname}", MachineStage.ProgressAtStart(MachineStage.Launch)),
        };
        return new MachineView(message, progress, Fields(request, waiting));
    }

    /// <summary>In the form of a reply's data: merged into the machine's fields.</summary>
    public static JsonObject Fields(MachineRequest request, WaitingExplanation? waiting = null)
    {
        var fields = new JsonObject
        {
            ["stages"] = JsonSerializer.SerializeToNode(request.Stages(), MachineJson.Default.IReadOnlyListStageRecord),
            ["waiting"] = waiting is null ? null : new JsonObject { ["reason"] = waiting.Reason, ["suggestion"] = waiting.Suggestion, ["ahead"] = waiting.Ahead },
            ["placement"] = request.Placement is null ? null : new JsonObject { ["agentId"] = request.Placement.AgentId, ["hostname"] = request.Placement.Hostname },
        };
        if (request.Report?.Accelerator is { } accelerator)
        {
            fields["accelerator"] = accelerator;
            fields["acceleratorReason"] = request.Report.AcceleratorReason;
        }

        if (request.Report?.Network is { } network)
        {
            fields["network"] = network;
            fields["networkReason"] = request.Report.NetworkReason;
            fields["networkAddress"] = request.Report.NetworkAddress ?? (request.Address is { } given ? AddressDesk.Bare(given.Address) : null);
        }

        if (request.Report?.Way is { } way)
        {
            fields["way"] = way;
            fields["wayReason"] = request.Report.WayReason;
        }

        if (request.Report?.CachedImages is { Count: > 0 } cached)
        {
            fields["cachedImages"] = new JsonArray([.. cached.Select(digest => (JsonNode)digest)]);
        }

        if (request.Failure is { } failure)
        {
            fields["failure"] = FailureJson(failure);
        }

        return new JsonObject { ["+data"] = new JsonObject { ["+fields"] = fields } };
    }

    public static JsonObject FailureJson(MachineFailure failure) => new()
    {
        ["stage"] = failure.Stage,
        ["cause"] = failure.Cause,
        ["console"] = new JsonArray([.. failure.Console.Select(line => (JsonNode)line)]),
    };
}
