using System.Text.Json.Nodes;
using Drover.Server.Api.Output;
using Drover.Server.Identity;
using Drover.Server.Storage;
using Microsoft.AspNetCore.Http;

namespace Drover.Server.Api.Requests;

/// <summary>Where a request goes, after version, environment and doubled slashes are taken off (cattle-api §1.1).</summary>
/// <param name="Version"><c>v1</c> or <c>v2-beta</c>.</param>
/// <param name="Project">The environment's formatted id in the path, or null.</param>
/// <param name="Segments">What is left: type, id, link.</param>
internal sealed record ApiPath(string Version, string? Project, IReadOnlyList<string> Segments);

/// <summary>One API request: who asks, for what, and the database that answers.</summary>
internal sealed class ApiContext(HttpContext http, ApiPath path, string origin, Caller caller)
{
    public HttpContext Http { get; } = http;

    public ApiPath Path { get; } = path;

    /// <summary>Scheme, host and port by which the client reaches us, such as <c>http://srv:8080</c>.</summary>
    public string Origin { get; } = origin;

    public Caller Caller { get; } = caller;

    /// <summary>Set by the dispatcher for as long as the operation runs.</summary>
    public AppDb Db { get; set; } = null!;

    /// <summary>Set while a link is followed.</summary>
    public Narrowing? Narrow { get; set; }

    public string Root => Path.Project is null ? $"{Origin}/{Path.Version}" : $"{Origin}/{Path.Version}/projects/{Path.Project}";

    public bool IsV1 => Path.Version == "v1";

    public CancellationToken Aborted => Http.RequestAborted;

    public OutputContext Output => new(Root, IsV1, Caller.Role, PlainIds: Caller.SeesAll && Http.Request.Query.ContainsKey("_plainId"))
    {
        Memberships = Memberships,
    };

    public IReadOnlyDictionary<long, Registry.Roles>? Memberships { get; set; }
}

/// <summary>What a request ends with.</summary>
internal sealed record ApiResult(int Status, JsonObject? Body = null, string? Text = null)
{
    /// <summary>The answer was written already (a WebSocket).</summary>
    public static ApiResult Handled { get; } = new(0);

    public static ApiResult Ok(JsonObject body) => new(200, body);
}
