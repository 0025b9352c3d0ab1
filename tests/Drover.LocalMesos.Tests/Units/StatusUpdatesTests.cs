using Drover.LocalMesos.Wire;
using Google.Protobuf;
using Microsoft.Extensions.Time.Testing;

namespace Drover.LocalMesos.Tests.Units;

public sealed class StatusUpdatesTests : IAsyncLifetime
{
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UnixEpoch.AddYears(50));
    private readonly string _directory = Directory.CreateTempSubdirectory("drover-mesos-updates-").FullName;
    private readonly List<TaskStatus> _sent = [];
    private Mailbox _mailbox = null!;
    private AgentStore _store = null!;
    private StatusUpdates _updates = null!;

    public ValueTask InitializeAsync()
    {
        _mailbox = new Mailbox(_time, NullLogger.Instance);
        Open();
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await _mailbox.DisposeAsync();
        _store.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task Unacknowledged_Head_IsSentAt10And30And70SecondsAndThenEvery10Minutes()
    {
        await DoAsync(() => _updates.Resume());
        await DoAsync(() => _updates.Add("f", Status("t", TaskState.TaskRunning)));
        var at = new List<int>();
        for (var second = 1; second <= 5000; second++)
        {
            var before = _sent.Count;
            _time.Advance(TimeSpan.FromSeconds(1));
            await DoAsync(() => { });
            if (_sent.Count > before)
            {
                at.Add(second);
            }
        }

        Assert.Equal([10, 30, 70, 150, 310, 630, 1230, 1830, 2430, 3030, 3630, 4230, 4830], at);
    }

    [Fact]
    public async Task Queue_PerTask_GoesOnByAcknowledgementInOrder()
    {
        await DoAsync(() => _updates.Resume());
        var first = Status("t", TaskState.TaskStarting);
        var second = Status("t", TaskState.TaskRunning);
        var other = Status("u", TaskState.TaskRunning);
        await DoAsync(() =>
        {
            Assert.True(_updates.Add("f", first));
            Assert.True(_updates.Add("f", second));
            Assert.True(_updates.Add("f", other));
            Assert.False(_updates.Add("f", second));
        });
        Assert.Equal([first, other], _sent);
        await DoAsync(() => _updates.Acknowledge("f", second.TaskId, second.Uuid));
        Assert.Equal(2, _sent.Count);
        await DoAsync(() => _updates.Acknowledge("f", first.TaskId, first.Uuid));
        Assert.Equal(second, _sent[^1]);
    }

    [Fact]
    public async Task Away_NothingIsSentAndAllHeadsOnReturn()
    {
        await DoAsync(() => _updates.Add("f", Status("t", TaskState.TaskRunning)));
        _time.Advance(TimeSpan.FromHours(1));
        await DoAsync(() => { });
        Assert.Empty(_sent);
        await DoAsync(_updates.Resume);
        Assert.Single(_sent);
        await DoAsync(_updates.Pause);
        _time.Advance(TimeSpan.FromHours(1));
        await DoAsync(() => { });
        Assert.Single(_sent);
    }

    [Fact]
    public async Task Reopened_UnacknowledgedAndKnownUuids_AreThereAgain()
    {
        var first = Status("t", TaskState.TaskStarting);
        var second = Status("t", TaskState.TaskRunning);
        await DoAsync(() =>
        {
            _store.AddExecutor(NewExecutor(), new AgentTask(new TaskInfo { Name = "t", TaskId = new TaskID { Value = "t" }, AgentId = new AgentID { Value = "a" } }));
            _updates.Add("f", first);
            _updates.Add("f", second);
            _updates.Acknowledge("f", first.TaskId, first.Uuid);
        });
        _store.Dispose();
        Open();
        await DoAsync(() =>
        {
            foreach (var (framework, status, acknowledged) in _store.Updates())
            {
                _updates.Restore(framework, status, acknowledged);
            }

            Assert.False(_updates.Add("f", first));
            Assert.Equal(TaskState.TaskRunning, _updates.Latest("f", "t"));
            _updates.Resume();
        });
        Assert.Equal([second], _sent);
    }

    private void Open()
    {
        _store = new AgentStore(Path.Combine(_directory, "agent.db"), null);
        var options = new LocalAgentOptions { Master = new Uri("http://m"), DataDirectory = _directory, MilliCpus = 1, MemoryMebibytes = 1, DiskMebibytes = 1 };
        var books = new AgentBooks();
        var executor = NewExecutor();
        executor.Tasks["t"] = new AgentTask(new TaskInfo { Name = "t", TaskId = new TaskID { Value = "t" }, AgentId = new AgentID { Value = "a" } });
        books.Executors[executor.Key] = executor;
        var agent = new AgentContext(options, _store, books, new InProcessLauncher((_, _) => Task.CompletedTask), new SandboxLayout(_directory), _mailbox, _time, NullLogger.Instance)
        {
            SendToMaster = call =>
            {
                Assert.Equal(AgentCall.Types.Type.Update, call.Type);
                _sent.Add(call.Update.Status);
                return true;
            },
        };
        _updates = new StatusUpdates(agent);
    }

    private static AgentExecutor NewExecutor() => new(
        new FrameworkInfo { User = "", Name = "", Id = new FrameworkID { Value = "f" } },
        new ExecutorInfo { ExecutorId = new ExecutorID { Value = "e" } }, "c", "/sandbox", "token");

    private static TaskStatus Status(string task, TaskState state) =>
        new() { TaskId = new TaskID { Value = task }, State = state, Uuid = ByteString.CopyFrom(MesosUuid.Create().Span) };

    private Task DoAsync(Action work) => _mailbox.AskAsync(work);
}
