using Drover.Mesos.V1.Scheduler;
using Microsoft.Extensions.Logging.Abstractions;

namespace Drover.Mesos.Tests.Scheduling;

/// <summary>A connection with quick retries, and words of a master.</summary>
public abstract class SchedulerConnectionFixture
{
    private protected const string StreamId = "Mesos-Stream-Id: s-1\r\n";

    private readonly FrameworkInfo _framework = new() { User = "test", Name = "test" };

    private protected static CancellationToken Token => TestContext.Current.CancellationToken;

    private protected static Event Subscribed() => new()
    {
        Type = Event.Types.Type.Subscribed,
        Subscribed = new() { FrameworkId = new FrameworkID { Value = "f-1" }, HeartbeatIntervalSeconds = 15 },
    };

    private protected static Call Kill(string task) => new() { Type = Call.Types.Type.Kill, Kill = new() { TaskId = new TaskID { Value = task } } };

    private protected SchedulerConnection Connect(Uri master, TimeProvider? time = null, MesosAuthorization? authorization = null)
    {
        var connection = new SchedulerConnection(
            new SchedulerConnectionOptions
            {
                Detector = MasterAddress.CreateDetector(master.ToString()),
                Subscription = () => new FrameworkSubscription(_framework.Clone(), []),
                Authorization = authorization,
                MinBackoff = TimeSpan.FromMilliseconds(1),
                MaxBackoff = TimeSpan.FromMilliseconds(10),
                NewLeaderJitter = TimeSpan.FromMilliseconds(1),
            },
            time ?? TimeProvider.System, NullLogger.Instance);
        connection.Start();
        return connection;
    }

    private protected static async Task<T> NextAsync<T>(SchedulerConnection connection)
        where T : SchedulerSignal
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
}
