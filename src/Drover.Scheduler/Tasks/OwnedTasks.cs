using Drover.Scheduler.Pool;
using Drover.Scheduler.Requests;

namespace Drover.Scheduler.Tasks;

/// <summary>A task of ours that may exist in the cluster.</summary>
/// <param name="SentAt">When it was sent, while nothing was heard of it; else null.</param>
internal readonly record struct OwnedTask(string TaskId, string AgentId, DateTimeOffset? SentAt);

/// <summary>Everything that some record owns: machines' tasks and the pool's. What is not among it is a stray.</summary>
internal sealed class OwnedTasks(RequestBook requests, PoolBook pool)
{
    public IEnumerable<OwnedTask> All => requests.WithTask.Select(Of).Concat(pool.WithTask.Select(Of));

    public OwnedTask? Find(string taskId) =>
        requests.FindTask(taskId) is { } request ? Of(request) : pool.FindTask(taskId) is { } member ? Of(member) : null;

    private static OwnedTask Of(MachineRequest request) =>
        new(request.TaskId!, request.Placement!.AgentId, request.State == RequestState.Offered ? request.OfferedAt : null);

    private static OwnedTask Of(PoolMember member) => new(member.TaskId, member.AgentId, member.State == PoolState.Offered ? member.ChangedAt : null);
}
