using Drover.LocalMesos.Wire;

namespace Drover.LocalMesos;

/// <summary>A registered agent, connected or away for less than the ping time-out.</summary>
internal sealed class MasterAgent(AgentInfo info)
{
    public AgentInfo Info { get; set; } = info;

    public string Id => Info.Id.Value;

    public Resources Total { get; set; } = Resources.Of(info.Resources);

    /// <summary>Where events go; null while it is away.</summary>
    public EventStream? Stream { get; private set; }

    /// <summary>Name of the session that may send calls.</summary>
    public string? Session { get; private set; }

    public bool IsConnected => Stream is not null;

    /// <summary>It has said something in this session, so it has stored its id: only then it is offered. One that never did may not know that it was registered.</summary>
    public bool IsConfirmed { get; private set; }

    /// <summary>False for a new agent until it is confirmed.</summary>
    public bool KnowsItsId { get; set; }

    public TimeInfo? RegisteredTime { get; set; }

    public TimeInfo? ReregisteredTime { get; set; }

    /// <summary>Pings since the last answer.</summary>
    public int MissedPings { get; set; }

    public IDisposable? PingTimer { get; set; }

    /// <summary>By framework and executor id.</summary>
    public Dictionary<(string Framework, string Executor), ExecutorInfo> Executors { get; } = [];

    /// <summary>Kills that came while it was away.</summary>
    public List<MasterEvent> PendingKills { get; } = [];

    public void Connect(EventStream stream, string session)
    {
        Disconnect();
        (Stream, Session) = (stream, session);
        MissedPings = 0;
        IsConfirmed = false;
    }

    public void Confirm() => IsConfirmed = KnowsItsId = true;

    public void Disconnect()
    {
        Stream?.Close();
        (Stream, Session) = (null, null);
    }

    public void Send(MasterEvent message) => Stream?.Send(message);
}
