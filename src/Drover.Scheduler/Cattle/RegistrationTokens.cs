using System.Text.Json;
using System.Text.Json.Nodes;
using Drover.Api.Cattle;

namespace Drover.Scheduler.Cattle;

/// <summary>Gets the URL where a machine's guest registers.</summary>
/// <remarks>A Drover server makes a token for one machine (its schema has the field <c>physicalHostId</c>); a real Rancher has one per environment.</remarks>
internal sealed class RegistrationTokens(CattleClient client, SchedulerOptions options, TimeProvider time)
{
    private static readonly TimeSpan s_poll = TimeSpan.FromMilliseconds(250);
    private const int MostPolls = 40;
    private static readonly TimeSpan s_kindLifetime = TimeSpan.FromMinutes(5);
    private volatile Kind? _bound;

    /// <exception cref="CattleException">The server refused, or did not make the token active in ten seconds.</exception>
    public async Task<string> UrlForAsync(CattleResource machine, CancellationToken cancellationToken)
    {
        var token = await IsBoundToMachinesAsync(cancellationToken)
            ? await client.CreateAsync("registrationtokens", new JsonObject { ["accountId"] = machine.AccountId, ["physicalHostId"] = machine.Id }, cancellationToken)
            : await OfEnvironmentAsync(machine.AccountId!, cancellationToken);
        return Reachable(await ActiveAsync(token, cancellationToken));
    }

    /// <summary>Asked again now and then: the server may be another one after an upgrade.</summary>
    private async Task<bool> IsBoundToMachinesAsync(CancellationToken cancellationToken)
    {
        if (_bound is { } known && time.GetUtcNow() - known.At < s_kindLifetime)
        {
            return known.Bound;
        }

        var bound = await AskIfBoundAsync(cancellationToken);
        _bound = new Kind(bound, time.GetUtcNow());
        return bound;
    }

    private async Task<bool> AskIfBoundAsync(CancellationToken cancellationToken)
    {
        var schema = await client.GetAsync("schemas", "registrationToken", cancellationToken);
        return schema?.Object("resourceFields")?["physicalHostId"] is JsonObject field
            && field["create"] is JsonValue create && create.GetValueKind() == JsonValueKind.True;
    }

    private async Task<CattleResource> OfEnvironmentAsync(string accountId, CancellationToken cancellationToken)
    {
        var tokens = await client.ListAsync("registrationtokens", [new("accountId", accountId), new("state", "active")], cancellationToken);
        return tokens.FirstOrDefault(t => t.AccountId == accountId) ?? await client.CreateAsync("registrationtokens", new JsonObject { ["accountId"] = accountId }, cancellationToken);
    }

    private async Task<string> ActiveAsync(CattleResource token, CancellationToken cancellationToken)
    {
        for (var poll = 0; poll < MostPolls; poll++)
        {
            // The Go programs read the link, the page the field; a real server fills both when the token is active.
            if (token.State is "active" or null && (token.Link("registrationUrl") ?? token.Text("registrationUrl")) is { Length: > 0 } url)
            {
                return url;
            }

            await Task.Delay(s_poll, time, cancellationToken);
            token = await client.GetAsync("registrationtokens", token.Id, cancellationToken) ?? token;
        }

        throw new CattleException(0, "Timeout", $"The registration token {token.Id} is still {token.State}.", null);
    }

    /// <summary>A server on this machine may be known to guests by another name.</summary>
    private string Reachable(string url) =>
        options.LocalhostReplacement is { } host && Uri.TryCreate(url, UriKind.Absolute, out var uri) && uri.IsLoopback
            ? new UriBuilder(uri) { Host = host }.Uri.AbsoluteUri
            : url;

    private sealed record Kind(bool Bound, DateTimeOffset At);
}
