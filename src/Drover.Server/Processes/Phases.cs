namespace Drover.Server.Processes;

/// <summary>How far a process is. Stored.</summary>
internal static class Phases
{
    /// <summary>Asked for; the resource's state is as before.</summary>
    public const string Requested = "requested";

    /// <summary>Between two handlers, or backing off before they are called again.</summary>
    public const string Handlers = "handlers";

    /// <summary>An event is out; <c>EventId</c> says which.</summary>
    public const string Waiting = "waiting";

    /// <summary>All handlers have answered; the own last step runs or waits.</summary>
    public const string Completing = "completing";

    public const string Ended = "ended";
}

/// <summary>How a process ended.</summary>
internal static class ExitReasons
{
    public const string Done = "DONE";
    public const string Error = "ERROR";
    public const string Cancelled = "CANCELLED";
}
