using System.Net.Sockets;

namespace Drover.Cli.Local;

/// <summary>What <c>drover up</c> found on the data folder and the port.</summary>
internal sealed record UpFindings
{
    /// <summary><c>droverd.json</c>.</summary>
    public InstanceRecord? Record { get; init; }

    /// <summary>The process that the record names is alive, and is that process.</summary>
    public bool RecordIsAlive { get; init; }

    /// <summary>That process answers <c>/readyz</c>. A process that was just killed is alive for a moment and answers nobody.</summary>
    public bool RecordAnswers { get; init; }

    /// <summary>A droverd of this folder, recorded or not.</summary>
    public RunningProcess? Daemon { get; init; }

    /// <summary>Why the port cannot be had; null when it is free.</summary>
    public SocketError? Port { get; init; }

    /// <summary>Who has it, if that can be seen.</summary>
    public RunningProcess? PortOwner { get; init; }
}

/// <summary>What <c>drover up</c> does about it.</summary>
internal abstract record UpDecision
{
    /// <summary>Nothing: it runs.</summary>
    public sealed record AlreadyRunning(InstanceRecord Instance) : UpDecision;

    /// <summary>Look again: a droverd of this folder is starting or stopping.</summary>
    public sealed record InBetween(int Pid) : UpDecision;

    /// <summary>Refuse.</summary>
    /// <param name="MayPass">Worth a second look in a moment: nobody can be seen on the port, as when a killed process is just ending.</param>
    public sealed record Refuse(string Message, string Advice, bool MayPass = false) : UpDecision;

    /// <summary>Start it.</summary>
    /// <param name="AfterCrash">The last one did not stop cleanly: its record is stale and is removed.</param>
    public sealed record Start(bool AfterCrash) : UpDecision;

    public static UpDecision Decide(UpFindings found, ListenAddress listen) => found switch
    {
        { Record: { } record, RecordIsAlive: true, RecordAnswers: true } => new AlreadyRunning(record),
        { Record: { } record, RecordIsAlive: true } => new InBetween(record.Pid),
        { Daemon: { } daemon } => new InBetween(daemon.Pid),
        { Port: SocketError.AddressAlreadyInUse } => new Refuse($"{listen} is in use{By(found.PortOwner)}.", $"Stop that, or choose another port: --listen {Other(listen)}", MayPass: found.PortOwner is null),
        { Port: SocketError.AccessDenied } => new Refuse($"This user may not listen on {listen}.", $"Choose a port above 1023: --listen {new ListenAddress(new(listen.EndPoint.Address, 8080))}"),
        { Port: SocketError.AddressNotAvailable } => new Refuse($"{listen.EndPoint.Address} is no address of this machine.", $"Choose one that is, 127.0.0.1 or 0.0.0.0: --listen 127.0.0.1:{listen.Port}"),
        { Port: { } error } => new Refuse($"{listen} cannot be listened on: {error}.", "Choose another address with --listen HOST:PORT."),
        _ => new Start(found.Record is not null),
    };

    private static string By(RunningProcess? owner)
    {
        if (owner is null)
        {
            return "";
        }

        var data = owner.Program == "droverd" ? owner.Arguments.SkipWhile(a => a != "--data").Skip(1).FirstOrDefault() : null;
        return data is null ? $" by {owner.Program} (process {owner.Pid})" : $" by the Drover in {data} (process {owner.Pid})";
    }

    private static string Other(ListenAddress listen) =>
        new ListenAddress(new(listen.EndPoint.Address, listen.Port < 65535 ? listen.Port + 1 : 8080)).ToString();
}
