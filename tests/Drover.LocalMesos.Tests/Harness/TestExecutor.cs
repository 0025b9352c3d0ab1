using System.Collections.Concurrent;
using ExecutorMessage = Drover.Mesos.V1.Executor.Event;

namespace Drover.LocalMesos.Tests;

/// <summary>An executor on the real client: it reports what it is told to, and ends on KILL and SHUTDOWN as a good one does.</summary>
internal sealed class TestExecutor(ExecutorStart start, ExecutorConnection connection)
{
    private readonly TaskCompletionSource _exit = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ConcurrentDictionary<string, TaskInfo> _tasks = new();

    public ExecutorStart Start => start;

    public EventLog<ExecutorSignal> Log { get; } = new($"executor {start.Environment["MESOS_EXECUTOR_ID"]}");

    public ExecutorConnection Connection => connection;

    /// <summary>It got a task and has not ended.</summary>
    public bool HasWork { get; private set; }

    /// <summary>What it does with a launched task; by default it reports RUNNING.</summary>
    public Action<TestExecutor, TaskInfo> OnLaunch { get; set; } = (e, task) => e.Report(task.TaskId.Value, TaskState.TaskRunning);

    /// <summary>Null: it does not obey.</summary>
    public TaskState? OnKill { get; set; } = TaskState.TaskKilled;

    public void Report(string task, TaskState state) => connection.Update(new TaskStatus { TaskId = new TaskID { Value = task }, State = state });

    /// <summary>Ends as a crash would.</summary>
    public void Crash() => _exit.TrySetException(new InvalidOperationException("crash"));

    public void Exit() => _exit.TrySetResult();

    public async Task<ExecutorMessage> EventAsync(ExecutorMessage.Types.Type type) =>
        ((ExecutorSignal.Event)await Log.NextAsync(s => s is ExecutorSignal.Event e && e.Message.Type == type, type.ToString())).Message;

    public Task SubscribedAsync() => Log.NextAsync(s => s is ExecutorSignal.Subscribed, "SUBSCRIBED");

    public async Task RunAsync(CancellationToken killed)
    {
        connection.Start();
        using var off = killed.Register(() => _exit.TrySetCanceled(killed));
        var reading = ReadAsync(killed);
        try
        {
            await _exit.Task;
        }
        finally
        {
            HasWork = false;
            await connection.DisposeAsync();
            await reading;
        }
    }

    private async Task ReadAsync(CancellationToken killed)
    {
        await foreach (var signal in connection.Signals.ReadAllAsync(CancellationToken.None))
        {
            switch (signal)
            {
                case ExecutorSignal.Event { Message: { Type: ExecutorMessage.Types.Type.Launch } launch }:
                    _tasks[launch.Launch.Task.TaskId.Value] = launch.Launch.Task;
                    HasWork = true;
                    OnLaunch(this, launch.Launch.Task);
                    break;
                case ExecutorSignal.Event { Message: { Type: ExecutorMessage.Types.Type.Kill } kill } when OnKill is { } state:
                    _ = EndAsync([kill.Kill.TaskId.Value], state, killed);
                    break;
                case ExecutorSignal.Event { Message.Type: ExecutorMessage.Types.Type.Shutdown } when OnKill is { } state:
                    _ = EndAsync(_tasks.Keys, state, killed);
                    break;
                case ExecutorSignal.Ended when OnKill is not null:
                    _exit.TrySetResult();
                    break;
            }

            Log.Add(signal);
        }
    }

    private async Task EndAsync(IEnumerable<string> tasks, TaskState state, CancellationToken killed)
    {
        foreach (var task in tasks)
        {
            Report(task, state);
        }

        await connection.WaitAcknowledgedAsync(TimeSpan.FromMinutes(1), killed);
        _exit.TrySetResult();
    }
}
