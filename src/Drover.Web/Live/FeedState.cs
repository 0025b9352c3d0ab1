using Drover.Api.Cattle;

namespace Drover.Web.Live;

/// <summary>How the pages hear of changes.</summary>
internal enum FeedState
{
    /// <summary>Not yet connected for the first time.</summary>
    Connecting,

    /// <summary>Events arrive.</summary>
    Live,

    /// <summary>The connection is lost; it is tried again, and the lists are polled.</summary>
    Lost,

    /// <summary>The session has ended: the user must sign in again.</summary>
    SignedOut,

    /// <summary>The environment is not there, or not for this user.</summary>
    Denied,
}

/// <summary>What the feed's two loops last saw; its state follows from it.</summary>
internal sealed record FeedSigns
{
    /// <summary>The event socket is open.</summary>
    public bool Open { get; init; }

    public CattleException? SocketError { get; init; }

    public CattleException? ListError { get; init; }

    /// <summary>Whatever goes wrong is said and tried again: a page must not stand still in silence.</summary>
    public static CattleException Told(Exception e) =>
        e as CattleException ?? new CattleException(0, "Unexpected", $"The server's answer could not be used: {e.Message}", null, e);

    public string? Problem => (ListError ?? SocketError)?.Message;

    /// <summary>The lists know best whether one may read; the socket alone lost is only a loss of quickness.</summary>
    public FeedState State => (ListError?.Status, SocketError, Open) switch
    {
        (401, _, _) => FeedState.SignedOut,
        (403 or 404, _, _) => FeedState.Denied,
        (not null, _, _) => FeedState.Lost,
        (null, not null, _) => FeedState.Lost,
        (null, null, true) => FeedState.Live,
        _ => FeedState.Connecting,
    };
}
