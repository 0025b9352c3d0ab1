using System.Net;
using Drover.Mesos.V1.Scheduler;
using Microsoft.Extensions.Logging;

namespace Drover.LocalMesos;

/// <summary>Frameworks come, take over, go away and come back, and end.</summary>
/// <remarks>
/// <code>
/// (new) ─▶ subscribed ─▶ away ─▶ ended        away: its failover time runs; recovered (after a master's start): no time runs
///              ▲           │
///              └───────────┘ the same id subscribes again; while subscribed it takes over
/// </code>
/// </remarks>
internal sealed partial class Subscriptions(MasterContext master, Allocator allocator, OfferReturns returns, FrameworkRemoval removal, IPEndPoint endPoint)
{
    /// <summary>Opens the stream in any case; a refusal is an ERROR event on it and its end.</summary>
    public CallResult Subscribe(Call.Types.Subscribe call)
    {
        var stream = new EventStream();
        var streamId = Guid.NewGuid().ToString();
        var info = call.FrameworkInfo.Clone();
        var refusal = FrameworkValidation.Refusal(info, call.SuppressedRoles) ?? IdRefusal(info);
        if (refusal is not null)
        {
            LogRefused(info.Name, refusal);
            stream.Send(Events.Error(refusal));
            stream.Close();
            return CallResult.Open(stream, streamId);
        }

        var framework = Admit(info);
        framework.SuppressedRoles.Clear();
        framework.SuppressedRoles.UnionWith(call.SuppressedRoles);
        framework.Connect(stream, streamId);
        framework.Send(Subscribed(framework));
        Beat(framework);
        LogSubscribed(framework.Id, framework.Info.Name);
        allocator.Run();
        return CallResult.Open(stream, streamId);
    }

    /// <summary>A stream ended; a newer session of the framework is not touched.</summary>
    public void StreamEnded(string streamId)
    {
        if (master.Books.Frameworks.Values.FirstOrDefault(f => f.StreamId == streamId) is not { } framework)
        {
            return;
        }

        framework.Disconnect();
        returns.DiscardOf(framework.Id);
        var seconds = Math.Max(0, framework.Info.FailoverTimeout);
        LogDisconnected(framework.Id, seconds);
        if (seconds == 0)
        {
            removal.Remove(framework, "its failover time is 0");
            return;
        }

        // Timers take at most some 49 days; a longer time is waited for in parts.
        WaitForFailover(framework, TimeSpan.FromSeconds(seconds));
    }

    private void WaitForFailover(MasterFramework framework, TimeSpan left)
    {
        var part = left < TimeSpan.FromDays(30) ? left : TimeSpan.FromDays(30);
        framework.FailoverTimer = master.Mailbox.After(part, () =>
        {
            if (left > part)
            {
                WaitForFailover(framework, left - part);
            }
            else
            {
                removal.Remove(framework, "it did not come back in its failover time");
            }
        });
    }

    private string? IdRefusal(FrameworkInfo info)
    {
        if (info.Id is not { Value.Length: > 0 } id)
        {
            return null;
        }

        if (master.Books.CompletedFrameworks.Contains(id.Value))
        {
            return "Framework has been removed";
        }

        return master.Books.Frameworks.TryGetValue(id.Value, out var known) && known.Info.Principal != info.Principal
            ? "Changing framework's principal is not allowed."
            : null;
    }

    private MasterFramework Admit(FrameworkInfo info)
    {
        if (info.Id is not { Value.Length: > 0 })
        {
            info.Id = new FrameworkID { Value = master.NextFrameworkId() };
        }

        if (!master.Books.Frameworks.TryGetValue(info.Id.Value, out var framework))
        {
            // An id of another master's time is taken as it is.
            master.Store.SaveFramework(info);
            framework = new MasterFramework(info) { RegisteredTime = master.Now };
            master.Books.Frameworks[framework.Id] = framework;
            return framework;
        }

        // What cannot change is kept without a word.
        info.User = framework.Info.User;
        info.Checkpoint = framework.Info.Checkpoint;
        master.Store.SaveFramework(info);
        if (framework.Stream is not null)
        {
            framework.Send(Events.Error("Framework failed over"));
            LogFailedOver(framework.Id);
        }

        framework.Disconnect();
        returns.DiscardOf(framework.Id);
        framework.FailoverTimer?.Dispose();
        framework.FailoverTimer = null;
        framework.Info = info;
        framework.Recovered = false;
        framework.RegisteredTime ??= master.Now;
        framework.ReregisteredTime = master.Now;
        return framework;
    }

    private Event Subscribed(MasterFramework framework) => new()
    {
        Type = Event.Types.Type.Subscribed,
        Subscribed = new()
        {
            FrameworkId = framework.Info.Id,
            HeartbeatIntervalSeconds = master.Options.HeartbeatInterval.TotalSeconds,
            MasterInfo = MasterDescription.Of(master.Books.MasterId, endPoint),
        },
    };

    private void Beat(MasterFramework framework)
    {
        framework.Send(Events.Heartbeat);
        framework.Heartbeat = master.Mailbox.After(master.Options.HeartbeatInterval, () => Beat(framework));
    }

    private readonly ILogger _logger = master.Logger;

    [LoggerMessage(Level = LogLevel.Information, Message = "Framework {FrameworkId} ({Name}) subscribed")]
    private partial void LogSubscribed(string frameworkId, string name);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Framework {Name} refused: {Reason}")]
    private partial void LogRefused(string name, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "Framework {FrameworkId} taken over by a new subscription")]
    private partial void LogFailedOver(string frameworkId);

    [LoggerMessage(Level = LogLevel.Information, Message = "Framework {FrameworkId} disconnected; it has {Seconds} s to come back")]
    private partial void LogDisconnected(string frameworkId, double seconds);
}
