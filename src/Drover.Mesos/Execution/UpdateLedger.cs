using Drover.Mesos.V1;
using Google.Protobuf;
using ExecutorCall = Drover.Mesos.V1.Executor.Call;

namespace Drover.Mesos;

/// <summary>What the agent has not acknowledged yet: tasks until their first acknowledgement, updates until theirs. Both go into every SUBSCRIBE.</summary>
/// <remarks>Safe for concurrent use. A task that is missing here after an agent's restart is declared lost, so it is recorded on receipt of LAUNCH;
/// after a terminal update nothing more is taken for a task, because an agent would forward it and never acknowledge it.</remarks>
internal sealed class UpdateLedger
{
    private readonly Lock _gate = new();
    private readonly List<TaskInfo> _tasks = [];
    private readonly List<Entry> _updates = [];
    private readonly HashSet<string> _ended = new(StringComparer.Ordinal);
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes at the next change. Take it before looking.</summary>
    public Task Changed
    {
        get
        {
            lock (_gate)
            {
                return _changed.Task;
            }
        }
    }

    public bool IsEmpty
    {
        get
        {
            lock (_gate)
            {
                return _updates.Count == 0;
            }
        }
    }

    public void AddTask(TaskInfo task)
    {
        lock (_gate)
        {
            if (!_tasks.Any(t => t.TaskId.Value == task.TaskId.Value))
            {
                _tasks.Add(task);
            }
        }
    }

    /// <summary>False when the task's terminal update was already given.</summary>
    public bool AddUpdate(TaskStatus status)
    {
        lock (_gate)
        {
            if (_ended.Contains(status.TaskId.Value))
            {
                return false;
            }

            if (status.State.IsTerminal())
            {
                _ended.Add(status.TaskId.Value);
            }

            _updates.Add(new Entry(status));
            Pulse();
            return true;
        }
    }

    public void Acknowledge(string taskId, ByteString uuid)
    {
        lock (_gate)
        {
            _tasks.RemoveAll(t => t.TaskId.Value == taskId);
            _updates.RemoveAll(u => u.Status.Uuid.Equals(uuid));
            Pulse();
        }
    }

    /// <summary>Content of a SUBSCRIBE; its updates count as sent in <paramref name="session"/>.</summary>
    public ExecutorCall.Types.Subscribe Snapshot(long session)
    {
        var subscribe = new ExecutorCall.Types.Subscribe();
        lock (_gate)
        {
            subscribe.UnacknowledgedTasks.AddRange(_tasks.Select(t => t.Clone()));
            foreach (var update in _updates)
            {
                update.Session = session;
                subscribe.UnacknowledgedUpdates.Add(new ExecutorCall.Types.Update { Status = update.Status.Clone() });
            }
        }

        return subscribe;
    }

    /// <summary>The oldest update that this session did not send yet.</summary>
    public TaskStatus? NextToSend(long session)
    {
        lock (_gate)
        {
            return _updates.FirstOrDefault(u => u.Session != session)?.Status;
        }
    }

    public void MarkSent(ByteString uuid, long session)
    {
        lock (_gate)
        {
            if (_updates.FirstOrDefault(u => u.Status.Uuid.Equals(uuid)) is { } update)
            {
                update.Session = session;
            }
        }
    }

    /// <summary>Drops an update that the agent calls wrong: it would be refused again for ever.</summary>
    public void Drop(ByteString uuid)
    {
        lock (_gate)
        {
            _updates.RemoveAll(u => u.Status.Uuid.Equals(uuid));
            Pulse();
        }
    }

    private void Pulse()
    {
        var changed = _changed;
        _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        changed.TrySetResult();
    }

    private sealed class Entry(TaskStatus status)
    {
        public TaskStatus Status { get; } = status;

        public long Session { get; set; } = -1;
    }
}
