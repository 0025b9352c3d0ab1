using System.Text.Json.Nodes;
using Drover.Api.Agents;
using Drover.Api.Cattle;

namespace Drover.Agent.Session;

/// <summary>How a try to register ended.</summary>
internal abstract record RegistrationOutcome
{
    private RegistrationOutcome()
    {
    }

    /// <summary>The keys are stored.</summary>
    public sealed record Registered(AgentState State) : RegistrationOutcome;

    /// <summary>The server answered and will not register this agent; <paramref name="Cause"/> is for people.</summary>
    public sealed record Refused(string Cause) : RegistrationOutcome;

    /// <summary>The server did not answer, or is not ready: try again.</summary>
    public sealed record Unavailable(string Cause) : RegistrationOutcome;
}

/// <summary>A registration by the link itself.</summary>
/// <param name="State">With the key that names this agent, and the server's root.</param>
/// <param name="Stored">Completes when that key is stored for good: the server must not hear it before.</param>
internal sealed record LinkRegistration(AgentState State, string Token, Task Stored);

/// <summary>Exchanges a registration token for keys: cattle-api §3.5, steps 1 to 5.</summary>
/// <remarks>
/// The key that names this agent is stored before the server hears it. A try that was killed
/// anywhere in between is repeated with the same key, and the server then answers with the same agent and the same keys.
/// </remarks>
internal sealed class Registration(HttpClient http, AgentStateStore store, TimeProvider time)
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan ActivationTimeout = TimeSpan.FromSeconds(60);

    public async Task<RegistrationOutcome> RegisterAsync(GuestIdentity identity, CancellationToken cancellationToken)
    {
        try
        {
            if (!Uri.TryCreate(identity.RegistrationUrl, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https"))
            {
                return new RegistrationOutcome.Refused("the registration address is no http address");
            }

            var state = await OwnKeyAsync(identity.MachineUuid, cancellationToken);
            var direct = await ByAddressAsync(address, state.RegisterKey, cancellationToken);
            var (entry, root) = (direct?.Entry, direct?.Root);
            if (entry is null)
            {
                var text = await new CattleClient(http, address, null).TextAsync(address.AbsoluteUri, cancellationToken);
                if (!RegistrationScript.TryParse(text, out var script, out var error))
                {
                    return new RegistrationOutcome.Refused(error);
                }

                var client = new CattleClient(http, script.Url, CattleClient.Basic(script.AccessKey, script.SecretKey));
                if (!await MayRegisterAsync(client, cancellationToken))
                {
                    return new RegistrationOutcome.Refused($"the server at {script.Url} does not let this token register a host");
                }

                entry = await FindAsync(client, state.RegisterKey, cancellationToken) ?? await MakeAsync(client, state.RegisterKey, cancellationToken);
                entry = await ActivateAsync(client, entry, state.RegisterKey, cancellationToken);
                root = script.Url.AbsoluteUri;
            }

            if (entry.Text("accessKey") is not { Length: > 0 } accessKey || entry.Text("secretKey") is not { Length: > 0 } secretKey)
            {
                return new RegistrationOutcome.Unavailable("the server has registered this host but gives no keys yet");
            }

            state = state with { Url = root!.TrimEnd('/'), AccessKey = accessKey, SecretKey = secretKey, Linked = false };
            // Not waited for: after a loss of power there is the key, and the server answers the same again.
            await store.SaveAsync(state, durable: false, cancellationToken);
            return new RegistrationOutcome.Registered(state);
        }
        catch (CattleException e) when (e.IsTransient)
        {
            return new RegistrationOutcome.Unavailable(e.Message);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new RegistrationOutcome.Unavailable($"the keys cannot be stored: {e.Message}");
        }
        catch (Exception e) when (e is InvalidOperationException or FormatException)
        {
            return new RegistrationOutcome.Unavailable($"the server's answer makes no sense: {e.Message}");
        }
        catch (CattleException e)
        {
            return new RegistrationOutcome.Refused($"the server refuses the registration: {e.Message}");
        }
    }

    /// <summary>What a link is opened with that brings the keys itself (<see cref="LinkMessage.Key"/>). Null where the address is not of the form <c>ROOT/scripts/TOKEN</c>.</summary>
    public async Task<LinkRegistration?> BeginAsync(GuestIdentity identity, CancellationToken cancellationToken)
    {
        if (!Uri.TryCreate(identity.RegistrationUrl, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https") || Split(address) is not var (root, token))
        {
            return null;
        }

        var known = await store.LoadAsync(identity.MachineUuid, cancellationToken);
        var state = known ?? AgentState.NewKey(identity.MachineUuid);

        // Beside the way to the server: the disk takes as long as that.
        var stored = known is null ? Task.Run(() => store.SaveAsync(state, durable: true, cancellationToken), cancellationToken) : Task.CompletedTask;
        return new LinkRegistration(state with { Url = root.TrimEnd('/') }, token, stored);
    }

    /// <summary>The key that names this agent: stored for good before the server hears it.</summary>
    private async Task<AgentState> OwnKeyAsync(string machineUuid, CancellationToken cancellationToken)
    {
        var state = await store.LoadAsync(machineUuid, cancellationToken);
        if (state is null)
        {
            state = AgentState.NewKey(machineUuid);
            await store.SaveAsync(state, durable: true, cancellationToken);
        }

        return state;
    }

    /// <summary>An address <c>ROOT/scripts/TOKEN</c>.</summary>
    private static (string Root, string Token)? Split(Uri address)
    {
        const string Scripts = "/scripts/";
        var at = address.AbsoluteUri.LastIndexOf(Scripts, StringComparison.Ordinal);
        return at < 0 ? null : (address.AbsoluteUri[..at], Uri.UnescapeDataString(address.AbsoluteUri[(at + Scripts.Length)..]));
    }

    /// <summary>The short way: an address <c>ROOT/scripts/TOKEN</c> says by itself what its script would say, so one request gives the keys.</summary>
    /// <returns>Null when the server does not take that; the long way then finds out why.</returns>
    private async Task<(CattleResource Entry, string Root)?> ByAddressAsync(Uri address, string key, CancellationToken cancellationToken)
    {
        if (Split(address) is not var (root, token))
        {
            return null;
        }

        var client = new CattleClient(http, new Uri(root), CattleClient.Basic("registrationToken", token));
        try
        {
            return (await ActivateAsync(client, await MakeAsync(client, key, cancellationToken), key, cancellationToken), root);
        }
        catch (CattleException e) when (!e.IsTransient)
        {
            return null;
        }
    }

    private static Task<CattleResource> MakeAsync(CattleClient client, string key, CancellationToken cancellationToken) =>
        client.CreateAsync("register", new JsonObject { ["key"] = key }, cancellationToken);

    /// <summary>Step 2: the token must see the type <c>register</c>, to list and to create.</summary>
    private static async Task<bool> MayRegisterAsync(CattleClient client, CancellationToken cancellationToken)
    {
        var schemas = await client.ListAsync("schemas", cancellationToken);
        var methods = schemas.FirstOrDefault(s => s.Id == "register")?.Array("collectionMethods");
        return methods is not null && Has("GET") && Has("POST");

        bool Has(string method) => methods.Any(m => m is JsonValue value && value.ToString() == method);
    }

    /// <summary>Steps 4 and 5: waits until the entry is active, and reads it with its keys.</summary>
    private async Task<CattleResource> ActivateAsync(CattleClient client, CattleResource entry, string key, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        while (entry.Transitioning == "yes" || entry.Text("accessKey") is null)
        {
            if (entry.Transitioning == "error")
            {
                throw new CattleException(500, "RegistrationFailed", entry.TransitioningMessage, null);
            }

            if (time.GetElapsedTime(started) > ActivationTimeout)
            {
                return entry;
            }

            // The answer by id never holds the keys; only the list filtered by the key does.
            if (entry.Transitioning == "yes" && entry.Id.Length > 0)
            {
                await Task.Delay(PollInterval, time, cancellationToken);
                entry = await client.GetAsync("register", entry.Id, cancellationToken) ?? entry;
                continue;
            }

            if (await FindAsync(client, key, cancellationToken) is { } listed && listed.Text("accessKey") is not null)
            {
                return listed;
            }

            await Task.Delay(PollInterval, time, cancellationToken);
        }

        return entry;
    }

    private static async Task<CattleResource?> FindAsync(CattleClient client, string key, CancellationToken cancellationToken) =>
        await client.ListAsync("register", [new("key", key)], cancellationToken) is [var entry, ..] ? entry : null;
}
