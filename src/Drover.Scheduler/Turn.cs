using System.Text.Json.Nodes;
using Drover.Api.Cattle;
using Drover.Mesos.V1.Scheduler;
using Drover.Scheduler.Addresses;
using Drover.Scheduler.Pool;
using Drover.Scheduler.Requests;
using Drover.Scheduler.Storage;

namespace Drover.Scheduler;

/// <summary>One turn of the scheduler's loop: what was decided, to be stored in one transaction and acted upon only after that.</summary>
internal sealed class Turn(RequestBook book, PoolBook pool, Func<long> nextOutboxId, DateTimeOffset now)
{
    private readonly HashSet<string> _prepare = new(StringComparer.Ordinal);

    public DateTimeOffset Now { get; } = now;

    public SchedulerChanges Changes { get; } = new();

    /// <summary>Calls to the master, in order.</summary>
    public List<Call> Calls { get; } = [];

    /// <summary>Machines to be read from the server.</summary>
    public IReadOnlyCollection<string> ToPrepare => _prepare;

    /// <summary>Names of images to be looked up for the pool.</summary>
    public HashSet<string> ToSupply { get; } = new(StringComparer.Ordinal);

    /// <summary>Sentences about machines that cannot go on now; shown, not stored.</summary>
    public Dictionary<string, string> Notes { get; } = new(StringComparer.Ordinal);

    public void Put(MachineRequest request)
    {
        book.Put(request);
        Changes.Forgotten.Remove(request.MachineId);
        Changes.Requests[request.MachineId] = request;
    }

    public void Forget(string machineId)
    {
        book.Forget(machineId);
        Changes.Requests.Remove(machineId);
        Changes.Forgotten.Add(machineId);
    }

    public void Put(PoolMember member)
    {
        pool.Put(member);
        Changes.ForgottenMembers.Remove(member.Id);
        Changes.Members[member.Id] = member;
    }

    public void Forget(PoolMember member)
    {
        pool.Forget(member.Id);
        Changes.Members.Remove(member.Id);
        Changes.ForgottenMembers.Add(member.Id);
    }

    /// <summary>Keeps a request's address from everybody for a while; nothing when it has none.</summary>
    public void Quarantine(MachineRequest request, string reason)
    {
        if (request.Address is { } address)
        {
            Changes.Quarantined.Add(new QuarantinedAddress(AddressDesk.Bare(address.Address), Now + AddressDesk.Quarantine, reason));
        }
    }

    public void Prepare(string machineId) => _prepare.Add(machineId);

    public void Note(string machineId, string text) => Notes[machineId] = text;

    public void Call(Call call) => Calls.Add(call);

    /// <summary>Stores an answer for the server; nothing when nobody asked.</summary>
    public void Reply(string machineId, PendingReply? to, CattleReply reply)
    {
        if (to is not null)
        {
            Post(machineId, "publish", ReplyBody.Of(to, reply));
        }
    }

    /// <summary>Stores a request to the server.</summary>
    public void Post(string machineId, string path, JsonObject body) =>
        Changes.Outbox.Add(new OutboxItem(nextOutboxId(), machineId, "POST", path, body));
}
