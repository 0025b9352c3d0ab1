using Drover.LocalMesos.Wire;
using Google.Protobuf;
using Microsoft.Extensions.Logging;

namespace Drover.LocalMesos;

/// <summary>Brings every update of every task to its framework, in order, at least once.</summary>
/// <remarks>
/// An update is stored before anybody hears of it. Per task only the oldest unacknowledged one is on its way; it is sent again after 10 s, 20 s, … 10 min,
/// and at once when the master comes back. The acknowledgement of a terminal update closes the task.
/// </remarks>
internal sealed partial class StatusUpdates(AgentContext agent)
{
    private static readonly TimeSpan LongestRetry = TimeSpan.FromMinutes(10);

    private readonly Dictionary<(string Framework, string Task), UpdateStream> _streams = [];
    private bool _connected;

    /// <summary>Called when a task is over and acknowledged.</summary>
    public Action<string, string> Closed { get; set; } = (_, _) => { };

    /// <summary>Puts back what an earlier agent stored.</summary>
    public void Restore(string framework, TaskStatus status, bool acknowledged)
    {
        var stream = StreamOf(framework, status.TaskId);
        stream.Known.Add(status.Uuid);
        stream.Latest = status.State;
        if (!acknowledged)
        {
            stream.Pending.Enqueue(status);
        }
    }

    /// <summary>False for an update that was here before.</summary>
    public bool Add(string framework, TaskStatus status)
    {
        var stream = StreamOf(framework, status.TaskId);
        if (stream.Known.Contains(status.Uuid))
        {
            return false;
        }

        agent.Store.AddUpdate(framework, status);
        stream.Known.Add(status.Uuid);
        stream.Latest = status.State;
        stream.Pending.Enqueue(status);
        if (stream.Pending.Count == 1)
        {
            Begin(stream);
        }

        return true;
    }

    /// <summary>The newest state that was reported of a task.</summary>
    public TaskState? Latest(string framework, string task) => _streams.GetValueOrDefault((framework, task))?.Latest;

    /// <summary>The update that is on its way.</summary>
    public TaskStatus? Head(string framework, string task) =>
        _streams.TryGetValue((framework, task), out var stream) && stream.Pending.TryPeek(out var head) ? head : null;

    public void Acknowledge(string framework, TaskID task, ByteString uuid)
    {
        if (!_streams.TryGetValue((framework, task.Value), out var stream) || !stream.Pending.TryPeek(out var head) || !head.Uuid.Equals(uuid))
        {
            LogForeign(task.Value, framework);
            return;
        }

        stream.Retry?.Dispose();
        // What belongs to no task of an executor ends with its last update.
        var over = head.State.IsTerminal() || (stream.Pending.Count == 1 && agent.Books.Find(framework, task.Value) is null);
        if (over)
        {
            agent.Store.CloseTask(framework, task.Value);
            _streams.Remove((framework, task.Value));
            Closed(framework, task.Value);
            return;
        }

        agent.Store.Acknowledge(framework, task.Value, uuid);
        stream.Pending.Dequeue();
        if (stream.Pending.Count > 0)
        {
            Begin(stream);
        }
    }

    /// <summary>Forgets a framework that is ended.</summary>
    public void Remove(string framework)
    {
        foreach (var (key, stream) in _streams.Where(s => s.Key.Framework == framework).ToList())
        {
            stream.Retry?.Dispose();
            _streams.Remove(key);
        }
    }

    /// <summary>The master is away: nothing is sent.</summary>
    public void Pause()
    {
        _connected = false;
        foreach (var stream in _streams.Values)
        {
            stream.Retry?.Dispose();
        }
    }

    /// <summary>The master is there: the oldest update of every task is sent.</summary>
    public void Resume()
    {
        _connected = true;
        foreach (var stream in _streams.Values.Where(s => s.Pending.Count > 0))
        {
            Begin(stream);
        }
    }

    private void Begin(UpdateStream stream)
    {
        stream.Delay = agent.Options.UpdateRetryInterval;
        Send(stream);
    }

    private void Send(UpdateStream stream)
    {
        if (!_connected || !stream.Pending.TryPeek(out var head))
        {
            return;
        }

        agent.SendToMaster(new AgentCall
        {
            Type = AgentCall.Types.Type.Update,
            Update = new() { FrameworkId = new FrameworkID { Value = stream.Framework }, Status = head, LatestState = stream.Latest },
        });
        stream.Retry?.Dispose();
        stream.Retry = agent.Mailbox.After(stream.Delay, () =>
        {
            stream.Delay = stream.Delay * 2 < LongestRetry ? stream.Delay * 2 : LongestRetry;
            Send(stream);
        });
    }

    private UpdateStream StreamOf(string framework, TaskID task) =>
        _streams.TryGetValue((framework, task.Value), out var stream) ? stream : _streams[(framework, task.Value)] = new UpdateStream(framework);

    private sealed class UpdateStream(string framework)
    {
        public string Framework { get; } = framework;

        public Queue<TaskStatus> Pending { get; } = new();

        public HashSet<ByteString> Known { get; } = [];

        public TaskState Latest { get; set; } = TaskState.TaskStaging;

        public TimeSpan Delay { get; set; }

        public IDisposable? Retry { get; set; }
    }

    private readonly ILogger _logger = agent.Logger;

    [LoggerMessage(Level = LogLevel.Debug, Message = "An acknowledgement for task {TaskId} of {FrameworkId} fits no update that is on its way")]
    private partial void LogForeign(string taskId, string frameworkId);
}
