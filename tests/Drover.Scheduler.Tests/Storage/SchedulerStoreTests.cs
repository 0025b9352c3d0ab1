using System.Text.Json.Nodes;
using Drover.Scheduler.Requests;
using Drover.Scheduler.Storage;
using Drover.Scheduler.Tests.Fakes;
using Microsoft.Data.Sqlite;

namespace Drover.Scheduler.Tests.Storage;

public sealed class SchedulerStoreTests : IDisposable
{
    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"scheduler-{Guid.NewGuid():N}");

    [Fact]
    public void Commit_Request_ComesBackAsItWas()
    {
        var request = new TestTurn().Add("m1", RequestState.Launching) with { Create = new PendingReply("e1", "reply.1"), Failure = new MachineFailure("boot", "why", ["line"]) };
        using (var store = SchedulerStore.Open(_folder))
        {
            store.Commit(new SchedulerChanges { Requests = { ["m1"] = request } });
        }

        using var again = SchedulerStore.Open(_folder);
        Assert.Equivalent(request, Assert.Single(again.LoadRequests()), strict: true);
    }

    [Fact]
    public void Commit_HookThrowingBefore_LeavesNothing()
    {
        using (var store = SchedulerStore.Open(_folder, step => throw new KilledException(step)))
        {
            Assert.Throws<KilledException>(() => store.Commit(new SchedulerChanges { Framework = new FrameworkRecord("c", "p", "fw-1") }));
        }

        using var again = SchedulerStore.Open(_folder);
        Assert.Null(again.LoadFrameworkId("c", "p"));
    }

    [Fact]
    public void LoadFrameworkId_OtherClusterOrPrincipal_IsNotShown()
    {
        using var store = SchedulerStore.Open(_folder);
        store.Commit(new SchedulerChanges { Framework = new FrameworkRecord("c", "p", "fw-1") });
        Assert.Equal("fw-1", store.LoadFrameworkId("c", "p"));
        Assert.Null(store.LoadFrameworkId("other", "p"));
        Assert.Null(store.LoadFrameworkId("c", "other"));
        store.Commit(new SchedulerChanges { Framework = new FrameworkRecord("c", "p", "") });
        Assert.Null(store.LoadFrameworkId("c", "p"));
    }

    [Fact]
    public void Outbox_Items_StayUntilDelivered()
    {
        using var store = SchedulerStore.Open(_folder);
        var first = new OutboxItem(store.NextOutboxId(), "m1", "POST", "publish", new JsonObject { ["name"] = "reply.1" });
        var second = first with { Id = store.NextOutboxId() };
        store.Commit(new SchedulerChanges { Outbox = { first, second } });
        store.Commit(new SchedulerChanges { Delivered = { first.Id } });
        var left = Assert.Single(store.LoadOutbox());
        Assert.Equal((second.Id, """{"name":"reply.1"}"""), (left.Id, left.Body.ToJsonString()));
        Assert.True(store.NextOutboxId() > second.Id);
    }

    [Fact]
    public void Commit_Forgotten_TakesTheIntentsAlong()
    {
        using var store = SchedulerStore.Open(_folder);
        store.Commit(new SchedulerChanges { Requests = { ["m1"] = new TestTurn().Add("m1", RequestState.Offered) }, Intents = { new TaskIntent("t.1", "m1", "a1", ["o1"], [1, 2]) } });
        Assert.Equal([1, 2], store.LoadIntent("t.1"));
        store.Commit(new SchedulerChanges { Forgotten = { "m1" } });
        Assert.Null(store.LoadIntent("t.1"));
        Assert.Empty(store.LoadRequests());
    }

    [Fact]
    public void Open_NewerSchema_IsRefused()
    {
        SchedulerStore.Open(_folder).Dispose();
        using (var connection = new SqliteConnection($"Data Source={Path.Combine(_folder, "scheduler.db")};Pooling=False"))
        {
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = "PRAGMA user_version = 99";
            command.ExecuteNonQuery();
        }

        var e = Assert.Throws<InvalidOperationException>(() => SchedulerStore.Open(_folder));
        Assert.Contains("newer", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_Database_IsForItsOwnerOnlyAndWritesAhead()
    {
        using var store = SchedulerStore.Open(_folder);
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(_folder, "scheduler.db")));
        }

        store.Commit(new SchedulerChanges { Framework = new FrameworkRecord("c", "p", "fw-1") });
        Assert.True(File.Exists(Path.Combine(_folder, "scheduler.db-wal")));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
