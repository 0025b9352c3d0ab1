using System.Text.Json.Nodes;
using Drover.Api.Cattle;
using Drover.Scheduler.Disks;

namespace Drover.Scheduler.Requests;

/// <summary>How a request ends, and who is told.</summary>
internal static class RequestEnd
{
    /// <summary>The machine failed: whoever waits for it gets an error; when nobody waits any more, the machine itself is told.</summary>
    public static void Fail(MachineRequest request, RequestEvent why, MachineFailure failure, Turn turn)
    {
        var ended = request.After(why, turn.Now) with { Failure = failure, Create = null, Bootstrap = null, LostSince = null, Commands = [] };
        var reply = CattleReply.Failed(failure.Cause, MachineView.Fields(ended));
        turn.Reply(request.MachineId, request.Create, reply);
        turn.Reply(request.MachineId, request.Bootstrap, reply);
        turn.Reply(request.MachineId, request.Order?.Reply, reply);
        if (request.State == RequestState.Running || request is { Kept: not null, Order: not null })
        {
            turn.Post(request.MachineId, $"machines/{request.MachineId}?action=error", new JsonObject
            {
                ["message"] = failure.Cause,
                ["failure"] = MachineView.FailureJson(failure),
            });
        }

        turn.Put(ended);
    }

    /// <summary>Nothing is left of a machine that was to be removed.</summary>
    public static void Removed(MachineRequest request, RequestEvent why, Turn turn)
    {
        if (why != RequestEvent.Abandoned && DiskDiscards.TryBegin(request, null, turn))
        {
            return;
        }

        turn.Reply(request.MachineId, request.Remove, CattleReply.Done());
        if (why == RequestEvent.Abandoned)
        {
            turn.Quarantine(request, $"the machine {request.Name} may still have it on {request.Placement?.Hostname}, which the cluster has lost");
        }

        turn.Put(request.After(why, turn.Now) with { Remove = null, LostSince = null, Kept = null, Discard = false });
    }

    /// <summary>The machine runs.</summary>
    public static void Ready(MachineRequest request, Turn turn)
    {
        var reply = CattleReply.Done(MachineView.Fields(request));
        turn.Reply(request.MachineId, request.Create, reply);
        turn.Reply(request.MachineId, request.Bootstrap, reply);
        turn.Put(request with { Create = null, Bootstrap = null });
    }
}
