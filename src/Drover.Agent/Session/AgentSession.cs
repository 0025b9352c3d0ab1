using Drover.Agent.Channel;
using Drover.Api.Agents;
using Drover.Api.Machines;

namespace Drover.Agent.Session;

/// <summary>The agent's life from the first hello to the end: runs the step of the current <see cref="SessionState"/>, and moves by
/// <see cref="SessionLifecycle"/>.</summary>
/// <remarks>
/// One loop owns the state. A new identity cancels the step at work, because everything after it depends on who this guest is.
/// Failures never end the loop: the executor has the time-outs, and a guest that runs for months outlives many servers.
/// </remarks>
internal sealed class AgentSession(
    IGuest guest, GuestChannel channel, AgentStateStore store, Registration registration, AgentLink link, TimeProvider time, AgentLog log) : IDisposable
{
    private static readonly TimeSpan SteadyLink = TimeSpan.FromSeconds(10);

    private readonly Backoff _backoff = Backoff.ForServer(time);
    private readonly IdentityInbox _inbox = new(channel, log);
    private GuestIdentity? _identity;
    private AgentState? _keys;
    private LinkOutcome.Up? _link;

    public SessionState State { get; private set; } = SessionState.WaitingForIdentity;

    /// <summary>Runs until cancelled (<see cref="ExitCode.Stopped"/>) or until the host is gone (<see cref="ExitCode.Gone"/>).</summary>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        channel.Orders = new GuestOrders(guest, channel, link, store, log).FollowAsync;
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var background = Task.WhenAll(channel.RunAsync(ended.Token), _inbox.RunAsync(ended.Token));
        try
        {
            while (State != SessionState.Gone)
            {
                var happened = await StepAsync(cancellationToken);
                State = SessionLifecycle.Next(State, happened)
                    ?? throw new InvalidOperationException($"{happened} has no place in {State}.");
            }

            log.Say("the server has removed this host; stopping for good");
            return ExitCode.Gone;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return ExitCode.Stopped;
        }
        finally
        {
            _link?.Connection.Dispose();
            await ended.CancelAsync();
            await background.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    public void Dispose()
    {
        _inbox.Dispose();
        channel.Dispose();
    }

    private async Task<SessionEvent> StepAsync(CancellationToken cancellationToken)
    {
        if (State == SessionState.WaitingForIdentity)
        {
            // Not by way of a cancelled step: the first exception of a process takes a guest under emulation longer than all else here.
            await _inbox.WaitAsync(cancellationToken);
            return TakeIdentity();
        }

        using var step = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _inbox.Arrived);
        try
        {
            return State switch
            {
                SessionState.WaitingForDocker => await WaitForDockerAsync(step.Token),
                SessionState.Registering => await RegisterAsync(step.Token),
                SessionState.Linked => await ServeAsync(step.Token),
                _ => await OpenLinkAsync(step.Token),
            };
        }
        catch (OperationCanceledException) when (_inbox.Arrived.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            return TakeIdentity();
        }
    }

    private SessionEvent TakeIdentity()
    {
        _link?.Connection.Dispose();
        _link = null;
        _keys = null;
        _backoff.Reset();
        _identity = _inbox.Take();
        return SessionEvent.IdentityGiven;
    }

    private async Task<SessionEvent> WaitForDockerAsync(CancellationToken cancellationToken)
    {
        foreach (var problem in await guest.TakeIdentityAsync(_identity!, cancellationToken))
        {
            log.Say(problem);
        }

        if (guest.HasDockersWord)
        {
            return SessionEvent.DockerAnswered;
        }

        await SayAsync(GuestMessage.Stage, MachineStage.Docker, "waiting for Docker", cancellationToken);
        var docker = await guest.WaitForDockerAsync(text => SayAsync(GuestMessage.Stage, MachineStage.Docker, text, cancellationToken), cancellationToken);
        log.Say(docker);
        await SayAsync(GuestMessage.Stage, MachineStage.Register, docker, cancellationToken);
        return SessionEvent.DockerAnswered;
    }

    private async Task<SessionEvent> RegisterAsync(CancellationToken cancellationToken)
    {
        // Keys that the server has just refused are in _keys: then only a registration helps.
        if (_keys is null && await store.LoadAsync(_identity!.MachineUuid, cancellationToken) is { HasKeys: true } stored)
        {
            _keys = stored;
            return SessionEvent.KeysStored;
        }

        if (_keys is null && await RegisterByLinkAsync(cancellationToken))
        {
            return SessionEvent.LinkUp;
        }

        while (true)
        {
            switch (await registration.RegisterAsync(_identity!, cancellationToken))
            {
                case RegistrationOutcome.Registered registered:
                    _keys = registered.State;
                    log.Say($"registered with {registered.State.Url}");
                    return SessionEvent.KeysStored;
                case RegistrationOutcome.Refused refused:
                    log.Say(refused.Cause);
                    await SayAsync(GuestMessage.Failure, MachineStage.Register, refused.Cause, cancellationToken);
                    break;
                case RegistrationOutcome.Unavailable unavailable:
                    log.Say($"not registered yet: {unavailable.Cause}");
                    await SayAsync(GuestMessage.Stage, MachineStage.Register, $"registering: {unavailable.Cause}", cancellationToken);
                    break;
            }

            await _backoff.WaitAsync(cancellationToken);
        }
    }

    /// <summary>One way to the server instead of two. False: by the long way, which also finds out why.</summary>
    private async Task<bool> RegisterByLinkAsync(CancellationToken cancellationToken)
    {
        LinkRegistration? begun = null;
        try
        {
            begun = await registration.BeginAsync(_identity!, cancellationToken);
            if (begun is null)
            {
                return false;
            }

            var outcome = await link.OpenAsync(begun, _identity!, cancellationToken);
            if (outcome is not LinkOutcome.Up up)
            {
                return false;
            }

            if (up.Welcome is not { AccessKey: { Length: > 0 } accessKey, SecretKey: { Length: > 0 } secretKey })
            {
                up.Connection.Dispose();
                return false;
            }

            (_keys, _link) = (begun.State with { AccessKey = accessKey, SecretKey = secretKey }, up);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            log.Say($"the key cannot be stored: {e.Message}");
            return false;
        }
        finally
        {
            // The long way begins with what is stored.
            await (begun?.Stored ?? Task.CompletedTask).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<SessionEvent> OpenLinkAsync(CancellationToken cancellationToken)
    {
        var outcome = await link.OpenAsync(_keys!, _identity!, cancellationToken);
        if (outcome is LinkOutcome.Up up)
        {
            _link = up;
            return SessionEvent.LinkUp;
        }

        return await AfterFailureAsync(outcome, cancellationToken);
    }

    private async Task<SessionEvent> ServeAsync(CancellationToken cancellationToken)
    {
        // Keys are not waited for: were they lost, the server would answer the key that names this agent, which is stored, with the same ones.
        await SayAsync(GuestMessage.Ready, null, "registered, and the link to the server stands", cancellationToken);
        log.Say($"linked to {_keys!.Url} as host {_link!.Welcome.HostId ?? "(unnamed)"}");
        await RememberLinkAsync(cancellationToken);
        var started = time.GetTimestamp();
        var outcome = await link.ServeAsync(_link, _identity!, cancellationToken);
        _link.Connection.Dispose();
        _link = null;

        // A server that takes links and drops them at once is not hammered.
        if (time.GetElapsedTime(started) >= SteadyLink)
        {
            _backoff.Reset();
        }

        return await AfterFailureAsync(outcome, cancellationToken);
    }

    private async Task RememberLinkAsync(CancellationToken cancellationToken)
    {
        if (_keys!.Linked)
        {
            return;
        }

        _keys = _keys with { Linked = true };
        try
        {
            await store.SaveAsync(_keys, durable: false, cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A full disk is no reason to give up a link that stands.
            log.Say($"could not note that the link stands: {e.Message}");
        }
    }

    private async Task<SessionEvent> AfterFailureAsync(LinkOutcome outcome, CancellationToken cancellationToken)
    {
        switch (outcome)
        {
            case LinkOutcome.Gone:
                return SessionEvent.HostGone;
            case LinkOutcome.Refused refused:
                log.Say(refused.Cause);
                await _backoff.WaitAsync(cancellationToken);
                return _keys!.Linked ? SessionEvent.LinkLost : SessionEvent.KeysRefused;
            case LinkOutcome.OtherProtocol other:
                log.Say(other.Cause);
                if (!_keys!.Linked)
                {
                    await SayAsync(GuestMessage.Failure, MachineStage.Register, other.Cause, cancellationToken);
                }

                break;
            case LinkOutcome.Lost lost:
                log.Say($"no link to the server: {lost.Cause}; trying again");
                if (!_keys!.Linked)
                {
                    await SayAsync(GuestMessage.Stage, MachineStage.Register, $"linking: {lost.Cause}", cancellationToken);
                }

                break;
        }

        await _backoff.WaitAsync(cancellationToken);
        return SessionEvent.LinkLost;
    }

    private Task SayAsync(string type, string? stage, string message, CancellationToken cancellationToken) =>
        channel.SayAsync(new GuestMessage { Type = type, StageName = stage, Message = message }, cancellationToken);
}
