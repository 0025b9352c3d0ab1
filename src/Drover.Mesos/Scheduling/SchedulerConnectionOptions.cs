using Drover.Mesos.V1;

namespace Drover.Mesos;

/// <summary>What a <see cref="SchedulerConnection"/> needs to know.</summary>
public sealed class SchedulerConnectionOptions
{
    /// <summary>Where the leader is; see <see cref="MasterAddress.CreateDetector"/>.</summary>
    public required IMasterDetector Detector { get; init; }

    /// <summary>Asked before every subscription: the framework as it is now, with its id once one is known.</summary>
    public required Func<FrameworkSubscription> Subscription { get; init; }

    /// <summary>Null for a master without authentication.</summary>
    public MesosAuthorization? Authorization { get; init; }

    /// <summary>Longest wait for the answer to a call or to SUBSCRIBE. Default 75 s.</summary>
    public TimeSpan CallTimeout { get; init; } = TimeSpan.FromSeconds(75);

    /// <summary>First delay of a reconnect; it doubles from there, with jitter. Default 100 ms.</summary>
    public TimeSpan MinBackoff { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Longest delay of a reconnect. Default 15 s.</summary>
    public TimeSpan MaxBackoff { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Largest jitter before subscribing to a master that is another than the last one. Default 500 ms.</summary>
    public TimeSpan NewLeaderJitter { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Longest record in bytes. Default 256 MiB.</summary>
    public int MaxRecordBytes { get; init; } = RecordIO.DefaultMaxRecordBytes;

    /// <summary>How many signals may wait for the scheduler before reading from the master stops. Default 1024.</summary>
    public int SignalBuffer { get; init; } = 1024;
}

/// <summary>How to subscribe.</summary>
/// <param name="Framework">With <c>id</c> unset the first time, and always set afterwards.</param>
/// <param name="SuppressedRoles">Roles that get no offers until a REVIVE. Not for masters before 1.5.</param>
public sealed record FrameworkSubscription(FrameworkInfo Framework, IReadOnlyList<string> SuppressedRoles);
