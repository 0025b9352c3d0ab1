namespace Drover.Agent.Session;

/// <summary>Where the agent is on its way to a standing link.</summary>
internal enum SessionState
{
    /// <summary>Says hello until the executor tells who this guest is.</summary>
    WaitingForIdentity,

    /// <summary>The guest has its name, network, clock and entropy; Docker starts.</summary>
    WaitingForDocker,

    /// <summary>Exchanges the registration token for keys, by the link itself where the server can. Passed at once when the keys are stored already.</summary>
    Registering,

    /// <summary>Opens the link for the first time since the identity came.</summary>
    Linking,

    /// <summary>The link stands.</summary>
    Linked,

    /// <summary>The link was lost; it is opened again for ever.</summary>
    Reconnecting,

    /// <summary>The server says that this host was removed. The end.</summary>
    Gone,
}

/// <summary>What moves a session.</summary>
internal enum SessionEvent
{
    /// <summary>The executor told a new identity: the first, or another because this guest is now a copy or was set up anew.</summary>
    IdentityGiven,

    DockerAnswered,
    KeysStored,
    LinkUp,
    LinkLost,

    /// <summary>The server does not know the keys, before they ever opened a link.</summary>
    KeysRefused,

    /// <summary>The link was closed with <see cref="Api.Agents.LinkMessage.CloseGone"/>.</summary>
    HostGone,
}

/// <summary>
/// The agent's life.
/// <code>
/// WaitingForIdentity → WaitingForDocker → Registering ⇄ Linking → Linked ⇄ Reconnecting
///                                                 └───────────────→ (its link brings the keys)
///                              ↑  a new identity, from everywhere           ↓ removed
///                              └──────────────────────────────             Gone
/// </code>
/// </summary>
internal static class SessionLifecycle
{
    /// <returns>The next state; null when the event has no place in this state.</returns>
    public static SessionState? Next(SessionState state, SessionEvent happened) => (state, happened) switch
    {
        (SessionState.Gone, _) => null,
        (_, SessionEvent.IdentityGiven) => SessionState.WaitingForDocker,
        (SessionState.WaitingForDocker, SessionEvent.DockerAnswered) => SessionState.Registering,
        (SessionState.Registering, SessionEvent.KeysStored) => SessionState.Linking,
        (SessionState.Registering, SessionEvent.LinkUp) => SessionState.Linked,
        (SessionState.Linking, SessionEvent.LinkUp) => SessionState.Linked,
        (SessionState.Linking, SessionEvent.LinkLost) => SessionState.Linking,
        (SessionState.Linking, SessionEvent.KeysRefused) => SessionState.Registering,
        (SessionState.Linked, SessionEvent.LinkLost) => SessionState.Reconnecting,
        (SessionState.Reconnecting, SessionEvent.LinkUp) => SessionState.Linked,
        (SessionState.Reconnecting, SessionEvent.LinkLost) => SessionState.Reconnecting,
        (SessionState.Linking or SessionState.Linked or SessionState.Reconnecting, SessionEvent.HostGone) => SessionState.Gone,
        _ => null,
    };
}
