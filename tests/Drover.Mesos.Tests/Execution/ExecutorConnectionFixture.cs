using System.Collections.Concurrent;
using Drover.Mesos.Tests.Harness;
using Drover.Mesos.V1.Executor;

namespace Drover.Mesos.Tests.Execution;

/// <summary>A connection with quick retries, and an agent that notes what it hears.</summary>
public abstract class ExecutorConnectionFixture
{
    private protected ConcurrentQueue<Call> Calls { get; } = new();

    private protected static CancellationToken Token => TestContext.Current.CancellationToken;

    private protected IEnumerable<TaskStatus> Updates => Calls.Where(c => c.Type == Call.Types.Type.Update).Select(c => c.Update.Status);

    private protected ScriptedServer Agent(bool acknowledge = false, Func<Call, int>? answer = null, Action<Exchange>? seen = null, int port = 0) =>
        new(Handler(acknowledge, answer, seen), new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, port));

    private protected Func<Exchange, Task> Handler(bool acknowledge = false, Func<Call, int>? answer = null, Action<Exchange>? seen = null)
    {
        ExchangeHolder holder = new();
        return async x =>
        {
            seen?.Invoke(x);
            var call = x.Call(Call.Parser);
            Calls.Enqueue(call);
            if (call.Type == Call.Types.Type.Subscribe)
            {
                holder.Stream = x;
                await x.BeginStreamAsync();
                await x.SendAsync(Subscribed());
                await x.HoldAsync();
                return;
            }

            var status = answer?.Invoke(call) ?? 202;
            await x.AnswerAsync(status, status == 202 ? "" : "no");
            if (acknowledge && status == 202)
            {
                await holder.Stream!.SendAsync(Acknowledged(call));
            }
        };
    }

    private protected sealed class ExchangeHolder
    {
        public Exchange? Stream { get; set; }
    }

    private protected static Event Acknowledged(Call call) => new()
    {
        Type = Event.Types.Type.Acknowledged,
        Acknowledged = new() { TaskId = call.Update.Status.TaskId, Uuid = call.Update.Status.Uuid },
    };

    private protected static Event Subscribed() => new()
    {
        Type = Event.Types.Type.Subscribed,
        Subscribed = new() { ExecutorInfo = new(), FrameworkInfo = new(), AgentInfo = new() },
    };

    private protected static Event Launch(string task) => new()
    {
        Type = Event.Types.Type.Launch,
        Launch = new() { Task = new TaskInfo { Name = task, TaskId = new TaskID { Value = task }, AgentId = new AgentID { Value = "a" } } },
    };

    private protected static TaskStatus Status(string task, TaskState state) => new() { TaskId = new TaskID { Value = task }, State = state };

    private protected static ExecutorConnection Connect(Uri agent, TimeProvider? time = null, bool checkpoint = true, string? domainSocket = null)
    {
        var connection = new ExecutorConnection(
            new ExecutorEnvironment
            {
                FrameworkId = new FrameworkID { Value = "f" },
                ExecutorId = new ExecutorID { Value = "e" },
                Agent = agent,
                Sandbox = "/",
                Checkpoint = checkpoint,
                AuthenticationToken = "jwt",
                DomainSocket = domainSocket,
            },
            new ExecutorConnectionOptions { MaxRetryDelay = TimeSpan.FromMilliseconds(5) }, time ?? TimeProvider.System);
        connection.Start();
        return connection;
    }

    private protected static async Task<T> NextAsync<T>(ExecutorConnection connection)
        where T : ExecutorSignal
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Token);
        limit.CancelAfter(TimeSpan.FromMinutes(1));
        await foreach (var signal in connection.Signals.ReadAllAsync(limit.Token))
        {
            if (signal is T match)
            {
                return match;
            }
        }

        throw new InvalidOperationException($"the signals ended before {typeof(T).Name}");
    }

    private protected static async Task UntilAsync(Func<bool> condition)
    {
        for (var began = TimeProvider.System.GetTimestamp(); !condition();)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began) < TimeSpan.FromMinutes(1), "The state did not come.");
            await Task.Delay(2, Token);
        }
    }
}
