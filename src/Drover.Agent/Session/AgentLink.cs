using System.Net;
using System.Net.Http.Headers;
using System.Net.WebSockets;
using System.Security.Cryptography;
using Drover.Agent.Health;
using Drover.Api.Agents;
using Drover.Api.Agents.Streams;
using Drover.Api.Cattle;

namespace Drover.Agent.Session;

/// <summary>How an attempt to open the link, or the link itself, ended.</summary>
internal abstract record LinkOutcome
{
    private LinkOutcome()
    {
    }

    /// <summary>The server said welcome.</summary>
    public sealed record Up(LinkConnection Connection, LinkMessage Welcome) : LinkOutcome;

    /// <summary>The server does not take the keys.</summary>
    public sealed record Refused(string Cause) : LinkOutcome;

    /// <summary>No link, or no more; worth another try.</summary>
    public sealed record Lost(string Cause) : LinkOutcome;

    /// <summary>Server and agent speak different protocols. Worth another try only because a server may be replaced.</summary>
    public sealed record OtherProtocol(string Cause) : LinkOutcome;

    /// <summary>The server has removed this host.</summary>
    public sealed record Gone : LinkOutcome;
}

/// <summary>Opens and serves the one outbound WebSocket to the server. See <see cref="LinkMessage"/> for its rules.</summary>
/// <param name="handler">Connections to the server; the caller's.</param>
internal sealed class AgentLink(HttpMessageHandler handler, IGuest guest, TimeProvider time)
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan PingAfter = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan GiveUpAfter = TimeSpan.FromSeconds(45);
    private static readonly TimeSpan FactsInterval = TimeSpan.FromSeconds(30);
    private const int DefaultLoadSeconds = 5;

    /// <summary>Walks the road to the server without keys, so that a spare has its code, pages and name look-ups behind it when it is claimed.
    /// The server refuses, or is away: nothing depends on it.</summary>
    public async Task RehearseAsync(GuestIdentity spare, CancellationToken cancellationToken)
    {
        if (!Uri.TryCreate(spare.RegistrationUrl, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https"))
        {
            return;
        }

        var root = new Uri(address, "/v1").AbsoluteUri;
        using var http = new HttpClient(handler, disposeHandler: false) { Timeout = ConnectTimeout };
        try
        {
            await new CattleClient(http, new Uri(root), null).TextAsync($"{root}/scripts/rehearsal", cancellationToken);
        }
        catch (CattleException)
        {
            // There is no such token: that was to be expected.
        }

        var nobody = new AgentState { MachineUuid = spare.MachineUuid, RegisterKey = RandomNumberGenerator.GetHexString(32), Url = root };
        if (await OpenAsync(new LinkRegistration(nobody, "rehearsal", Task.CompletedTask), spare, cancellationToken) is LinkOutcome.Up up)
        {
            up.Connection.Dispose();
        }

        await LinkRehearsal.RunAsync((connection, token) => GreetAsync(connection, nobody.RegisterKey, spare, token), time, cancellationToken);
    }

    public Task<LinkOutcome> OpenAsync(AgentState state, GuestIdentity identity, CancellationToken cancellationToken) =>
        OpenAsync(state.Url!, CattleClient.Basic(state.AccessKey!, state.SecretKey!), NoKey, identity, cancellationToken);

    /// <summary>Registers and opens the link in one: the welcome brings the keys. A server that cannot do so refuses.</summary>
    public Task<LinkOutcome> OpenAsync(LinkRegistration registration, GuestIdentity identity, CancellationToken cancellationToken) =>
        OpenAsync(registration.State.Url!, CattleClient.Basic("registrationToken", registration.Token), () => KeyOfAsync(registration), identity, cancellationToken);

    private static Task<string?> NoKey() => Task.FromResult<string?>(null);

    private static async Task<string?> KeyOfAsync(LinkRegistration registration)
    {
        await registration.Stored;
        return registration.State.RegisterKey;
    }

    private async Task<LinkOutcome> OpenAsync(string root, AuthenticationHeaderValue credentials, Func<Task<string?>> key, GuestIdentity identity, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(ConnectTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        var socket = new ClientWebSocket();
        var connection = new LinkConnection(socket, time);
        LinkOutcome? outcome = null;
        try
        {
            socket.Options.KeepAliveInterval = TimeSpan.Zero; // our own pings show the other side's end as well
            socket.Options.CollectHttpResponseDetails = true;
            socket.Options.SetRequestHeader("Authorization", credentials.ToString());
            using (var invoker = new HttpMessageInvoker(handler, disposeHandler: false))
            {
                await socket.ConnectAsync(Address(root), invoker, either.Token);
            }

            outcome = await GreetAsync(connection, await key(), identity, either.Token);
            return outcome;
        }
        catch (WebSocketException e)
        {
            return socket.HttpStatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden
                ? new LinkOutcome.Refused($"the server does not accept this host's keys ({(int)socket.HttpStatusCode})")
                : new LinkOutcome.Lost(e.InnerException?.Message ?? e.Message);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            return new LinkOutcome.Lost($"the server did not answer within {ConnectTimeout.TotalSeconds:0} s");
        }
        finally
        {
            if (outcome is not LinkOutcome.Up)
            {
                connection.Dispose();
            }
        }
    }

    /// <summary>Sends samples and facts and answers pings until the link ends. Cancelling closes it politely.</summary>
    public async Task<LinkOutcome> ServeAsync(LinkOutcome.Up link, GuestIdentity identity, CancellationToken cancellationToken)
    {
        var connection = link.Connection;

        // Not linked to the caller's token: a cancelled receive aborts the socket, and the server would see a broken line.
        using var ended = new CancellationTokenSource();
        var streams = link.Welcome.Streams == LinkMessage.CurrentStreams ? new LinkStreams(stream => ServeAsync(stream, ended.Token)) : null;
        connection.Streams = streams;
        var watch = WatchAsync(connection, ended.Token);
        Task[] parts =
        [
            watch,
            streams?.SendAllAsync(connection.SendFrameAsync, ended.Token) ?? Task.Delay(Timeout.Infinite, ended.Token),
            ReceiveAsync(connection, ended.Token),
            ReportLoadAsync(connection, link.Welcome.LoadSeconds ?? DefaultLoadSeconds, ended.Token),
            ReportFactsAsync(connection, identity, ended.Token),
        ];
        var stopped = Task.Delay(Timeout.Infinite, cancellationToken);
        var first = await Task.WhenAny([.. parts, stopped]);
        streams?.End("The link to the server was lost.");
        await connection.CloseAsync(WebSocketCloseStatus.NormalClosure, first == watch ? "the server was silent" : "the agent stops");
        await ended.CancelAsync();
        await Task.WhenAll(parts).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellationToken.ThrowIfCancellationRequested();
        return Ending(connection, first == watch && first.IsCompletedSuccessfully
            ? $"the server was silent for {GiveUpAfter.TotalSeconds:0} s"
            : first.Exception?.InnerException?.Message);
    }

    private async Task ServeAsync(LinkStream stream, CancellationToken cancellationToken)
    {
        try
        {
            var connection = await guest.ConnectAsync(stream.Target, cancellationToken);
            stream.Accept();
            await StreamPump.RunAsync(stream, connection.Bytes, connection.EndInput, time, cancellationToken);
        }
        catch (StreamResetException e)
        {
            stream.Reset(e.Fault, e.Message);
        }
    }

    private async Task<LinkOutcome> GreetAsync(LinkConnection connection, string? key, GuestIdentity identity, CancellationToken cancellationToken)
    {
        var facts = await guest.FactsAsync(identity, cancellationToken);
        await connection.SendAsync(
            new LinkMessage { Type = LinkMessage.Hello, Protocol = LinkMessage.CurrentProtocol, Version = AgentVersion.Text, Key = key, Host = facts, Streams = LinkMessage.CurrentStreams },
            cancellationToken);
        while (await connection.ReceiveAsync(cancellationToken) is { } message)
        {
            if (message.Type == LinkMessage.Ping)
            {
                await connection.SendAsync(new LinkMessage { Type = LinkMessage.Pong }, cancellationToken);
            }
            else if (message.Type == LinkMessage.Welcome && (message.Protocol ?? LinkMessage.CurrentProtocol) != LinkMessage.CurrentProtocol)
            {
                await connection.CloseAsync((WebSocketCloseStatus)LinkMessage.CloseProtocol, "protocol");
                return new LinkOutcome.OtherProtocol($"the server speaks link protocol {message.Protocol}, this agent {LinkMessage.CurrentProtocol}");
            }
            else if (message.Type == LinkMessage.Welcome)
            {
                return new LinkOutcome.Up(connection, message);
            }
        }

        return Ending(connection, null);
    }

    private static async Task ReceiveAsync(LinkConnection connection, CancellationToken cancellationToken)
    {
        while (await connection.ReceiveAsync(cancellationToken) is { } message)
        {
            if (message.Type == LinkMessage.Ping)
            {
                await connection.SendAsync(new LinkMessage { Type = LinkMessage.Pong }, cancellationToken);
            }
        }
    }

    /// <summary>Ends when the server has been silent for too long.</summary>
    private async Task WatchAsync(LinkConnection connection, CancellationToken cancellationToken)
    {
        long asked = 0;
        while (true)
        {
            var heard = connection.HeardAt;
            var silence = time.GetElapsedTime(heard);
            if (silence >= GiveUpAfter)
            {
                return;
            }

            if (silence >= PingAfter && asked != heard)
            {
                asked = heard; // one ping per silence
                await connection.SendAsync(new LinkMessage { Type = LinkMessage.Ping }, cancellationToken);
            }

            // Never longer than until a silence that begins now would want its ping.
            var next = silence < PingAfter ? PingAfter - silence : GiveUpAfter - silence;
            await Task.Delay(next < PingAfter ? next : PingAfter, time, cancellationToken);
        }
    }

    private async Task ReportLoadAsync(LinkConnection connection, int seconds, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(Math.Clamp(seconds, 1, 300)), time);
        do
        {
            var sample = await guest.LoadAsync(cancellationToken);
            await connection.SendAsync(new LinkMessage { Type = LinkMessage.Load, Sample = sample }, cancellationToken);
        }
        while (await timer.WaitForNextTickAsync(cancellationToken));
    }

    private async Task ReportFactsAsync(LinkConnection connection, GuestIdentity identity, CancellationToken cancellationToken)
    {
        var last = await guest.FactsAsync(identity, cancellationToken);
        using var timer = new PeriodicTimer(FactsInterval, time);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            var facts = await guest.FactsAsync(identity, cancellationToken);
            if (!HostFactsComparer.Same(facts, last))
            {
                await connection.SendAsync(new LinkMessage { Type = LinkMessage.Facts, Host = facts }, cancellationToken);
                last = facts;
            }
        }
    }

    private static LinkOutcome Ending(LinkConnection connection, string? cause) => connection.CloseCode switch
    {
        LinkMessage.CloseGone => new LinkOutcome.Gone(),
        LinkMessage.CloseProtocol => new LinkOutcome.OtherProtocol($"the server cannot speak link protocol {LinkMessage.CurrentProtocol}: {connection.CloseReason}"),
        { } code => new LinkOutcome.Lost($"the server closed the link ({code} {connection.CloseReason})"),
        null => new LinkOutcome.Lost(cause ?? "the connection broke"),
    };

    private static Uri Address(string root)
    {
        var address = new UriBuilder($"{root}/{LinkMessage.Path}");
        address.Scheme = address.Scheme == "https" ? "wss" : "ws";
        return address.Uri;
    }
}
