using Drover.Agent.Session;

namespace Drover.Agent.Tests.Session;

public sealed class SessionLifecycleTests
{
    /// <summary>Every move there is; whatever is not here must be refused.</summary>
    private static readonly Dictionary<(SessionState, SessionEvent), SessionState> Moves = new()
    {
        [(SessionState.WaitingForIdentity, SessionEvent.IdentityGiven)] = SessionState.WaitingForDocker,
        [(SessionState.WaitingForDocker, SessionEvent.IdentityGiven)] = SessionState.WaitingForDocker,
        [(SessionState.WaitingForDocker, SessionEvent.DockerAnswered)] = SessionState.Registering,
        [(SessionState.Registering, SessionEvent.IdentityGiven)] = SessionState.WaitingForDocker,
        [(SessionState.Registering, SessionEvent.KeysStored)] = SessionState.Linking,
        [(SessionState.Registering, SessionEvent.LinkUp)] = SessionState.Linked,
        [(SessionState.Linking, SessionEvent.IdentityGiven)] = SessionState.WaitingForDocker,
        [(SessionState.Linking, SessionEvent.LinkUp)] = SessionState.Linked,
        [(SessionState.Linking, SessionEvent.LinkLost)] = SessionState.Linking,
        [(SessionState.Linking, SessionEvent.KeysRefused)] = SessionState.Registering,
        [(SessionState.Linking, SessionEvent.HostGone)] = SessionState.Gone,
        [(SessionState.Linked, SessionEvent.IdentityGiven)] = SessionState.WaitingForDocker,
        [(SessionState.Linked, SessionEvent.LinkLost)] = SessionState.Reconnecting,
        [(SessionState.Linked, SessionEvent.HostGone)] = SessionState.Gone,
        [(SessionState.Reconnecting, SessionEvent.IdentityGiven)] = SessionState.WaitingForDocker,
        [(SessionState.Reconnecting, SessionEvent.LinkUp)] = SessionState.Linked,
        [(SessionState.Reconnecting, SessionEvent.LinkLost)] = SessionState.Reconnecting,
        [(SessionState.Reconnecting, SessionEvent.HostGone)] = SessionState.Gone,
    };

    public static TheoryData<string, string> Pairs()
    {
        var pairs = new TheoryData<string, string>();
        foreach (var state in Enum.GetNames<SessionState>())
        {
            foreach (var happened in Enum.GetNames<SessionEvent>())
            {
                pairs.Add(state, happened);
            }
        }

        return pairs;
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public void Lifecycle_EveryPair_MovesAsDrawnOrIsRefused(string state, string happened)
    {
        var pair = (Enum.Parse<SessionState>(state), Enum.Parse<SessionEvent>(happened));
        SessionState? expected = Moves.TryGetValue(pair, out var next) ? next : null;
        Assert.Equal(expected, SessionLifecycle.Next(pair.Item1, pair.Item2));
    }
}
