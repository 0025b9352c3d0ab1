using System.Text.Json.Nodes;
using Drover.Api.Cattle;

namespace Drover.Web.Session;

/// <summary>Who uses this page: the token of the cookie, and the environments that it may see. One per request and one per circuit.</summary>
/// <remarks>The token reaches the circuit as a parameter of its root component, which ASP.NET encrypts; no script and no page text ever has it.</remarks>
internal sealed class ApiSession(IHttpClientFactory http, WebOptions options)
{
    public const string HttpClientName = "drover-web-api";

    private CattleClient? _client;
    private string? _last;

    public string? User { get; private set; }

    /// <summary>The environment to open when the address names none: the last one, else <c>Default</c>, else the first.</summary>
    public EnvironmentChoice? Preferred =>
        Environments.FirstOrDefault(e => e.Id == _last) ?? Environments.FirstOrDefault(e => e.Name == "Default") ?? (Environments is [var first, ..] ? first : null);

    /// <summary>In the server's order; empty until <see cref="LoadAsync"/> ended or <see cref="Resume"/> was called.</summary>
    public IReadOnlyList<EnvironmentChoice> Environments { get; private set; } = [];

    public Uri Api => options.Api;

    /// <summary>The API as this user, outside any environment.</summary>
    public CattleClient Client => _client ?? throw new InvalidOperationException("Nobody is signed in.");

    public bool SignedIn => _client is not null;

    /// <summary>The API as this user, inside one environment.</summary>
    public CattleClient In(string environment) => Client.ForProject(environment);

    /// <param name="last">The environment in which this browser worked last.</param>
    public void Begin(string token, string? user, string? last)
    {
        _last = last;
        _client = new CattleClient(http.CreateClient(HttpClientName), options.Api, CattleClient.Bearer(token));
        User = user;
    }

    /// <summary>Takes the environments that an earlier step of the same request has loaded.</summary>
    public void Resume(IReadOnlyList<EnvironmentChoice> environments) => Environments = environments;

    /// <summary>Asks for the environments, which also proves the token.</summary>
    /// <exception cref="CattleException">401: the session has ended. Transient: the server does not answer.</exception>
    public async Task LoadAsync(CancellationToken cancellationToken)
    {
        var projects = await Client.ListAsync("projects", cancellationToken);
        Environments = projects
            .Where(p => p.State is not ("removing" or "removed" or "purging" or "purged"))
            .Select(p => new EnvironmentChoice(p.Id, string.IsNullOrWhiteSpace(p.Name) ? p.Id : p.Name))
            .ToList();
    }

    /// <summary>Exchanges name and password for a token.</summary>
    /// <exception cref="CattleException">401 or 403: wrong. Transient: the server does not answer.</exception>
    public async Task<string> SignInAsync(string user, string password, CancellationToken cancellationToken)
    {
        var anonymous = new CattleClient(http.CreateClient(HttpClientName), new Uri(options.Api, "/v1"), authorization: null);
        var answer = await anonymous.SendAsync(HttpMethod.Post, "token", new JsonObject { ["code"] = $"{user}:{password}" }, cancellationToken);
        return new CattleResource(answer).Text("jwt") is { Length: > 0 } token
            ? token
            : throw new CattleException(502, "NoToken", "The server's answer to the sign-in holds no token.", null);
    }

    /// <summary>Ends a token on the server.</summary>
    public async Task SignOutAsync(string token, CancellationToken cancellationToken)
    {
        var client = new CattleClient(http.CreateClient(HttpClientName), new Uri(options.Api, "/v1"), CattleClient.Bearer(token));
        await client.SendAsync(HttpMethod.Delete, "token", null, cancellationToken);
    }
}

/// <summary>An environment that the user may work in.</summary>
public sealed record EnvironmentChoice(string Id, string Name);
