using Drover.Mesos.V1.Scheduler;
using Drover.Scheduler.Placement;
using Drover.Scheduler.Pool;
using Drover.Scheduler.Requests;

namespace Drover.Scheduler.Tests.Fakes;

/// <summary>Turns of a book without a loop around it.</summary>
internal sealed class TestTurn
{
    private long _outbox;

    public RequestBook Book { get; } = new([]);

    public PoolBook Pool { get; } = new([]);

    public DateTimeOffset Now { get; set; } = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public Turn New() => new(Book, Pool, () => ++_outbox, Now);

    /// <summary>The calls of one turn.</summary>
    public IReadOnlyList<Call> Calls(Action<Turn> act)
    {
        var turn = New();
        act(turn);
        return turn.Calls;
    }

    public MachineRequest Add(string id, RequestState state, string agent = "a1")
    {
        var request = new MachineRequest
        {
            MachineId = id,
            State = state,
            Sequence = Book.NextSequence(),
            ReceivedAt = Now,
            ChangedAt = Now,
            ExternalId = $"uuid-{id}",
            EnvironmentId = "1a5",
            Name = id,
            Attempt = state == RequestState.Queued ? 0 : 1,
            OfferedAt = Now,
            Spec = new MachineSpec { MilliCpus = Amounts.Unit, MemoryBytes = 1 << 30, DiskBytes = 1 << 30 },
            Placement = new TaskPlacement { AgentId = agent, Hostname = $"host-{agent}" },
        };
        Book.Put(request);
        return request;
    }
}
