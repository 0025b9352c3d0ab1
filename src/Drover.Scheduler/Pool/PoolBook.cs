using System.Collections.Immutable;
using Drover.Scheduler.Placement;

namespace Drover.Scheduler.Pool;

/// <summary>All members of the pool in memory, as the store has them. Owned by the scheduler's loop.</summary>
internal sealed class PoolBook
{
    private readonly Dictionary<string, string> _byTask = new(StringComparer.Ordinal);

    public PoolBook(IEnumerable<PoolMember> stored)
    {
        foreach (var member in stored)
        {
            Put(member);
        }
    }

    /// <summary>Immutable: others may read it while the loop goes on.</summary>
    public ImmutableDictionary<string, PoolMember> All { get; private set; } = ImmutableDictionary.Create<string, PoolMember>(StringComparer.Ordinal);

    /// <summary>Members of which a task may exist in the cluster, and whose it is.</summary>
    public IEnumerable<PoolMember> WithTask => _byTask.Values.Select(id => All[id]);

    public PoolMember? Find(string id) => All.GetValueOrDefault(id);

    /// <summary>The member whose task this is; a claimed spare's is its machine's.</summary>
    public PoolMember? FindTask(string taskId) => _byTask.TryGetValue(taskId, out var id) ? Find(id) : null;

    /// <summary>The record of a template that serves the class on that agent machine.</summary>
    public PoolMember? Template(string agentId, PoolClass of) =>
        All.Values.FirstOrDefault(m => m.Kind == PoolKind.Template && m.AgentId == agentId && m.Class.SharesTemplate(of));

    /// <summary>What the pool holds on each agent machine: it goes when a machine wants it.</summary>
    public ILookup<string, Amounts> Held() => WithTask.ToLookup(m => m.AgentId, m => m.Amounts, StringComparer.Ordinal);

    public void Put(PoolMember member)
    {
        Unlink(member.Id);
        All = All.SetItem(member.Id, member);
        if (member.HasTask)
        {
            _byTask[member.TaskId] = member.Id;
        }
    }

    public void Forget(string id)
    {
        Unlink(id);
        All = All.Remove(id);
    }

    private void Unlink(string id)
    {
        if (All.TryGetValue(id, out var old))
        {
            _byTask.Remove(old.TaskId);
        }
    }
}
