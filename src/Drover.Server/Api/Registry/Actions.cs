using System.Text.Json.Nodes;
using Drover.Server.Api.Output;
using Drover.Server.Api.Requests;
using Drover.Server.Storage;

namespace Drover.Server.Api.Registry;

/// <summary>An action of a type: offered to <see cref="Roles"/> while <see cref="Available"/>, done by <see cref="Run"/>.</summary>
internal sealed record ActionRule
{
    public required string Name { get; init; }

    public required Roles Roles { get; init; }

    /// <summary>Whether the row's state lets it happen; also decides whether a resource shows it.</summary>
    public required Func<ResourceRow, bool> Available { get; init; }

    /// <summary>Whether this caller is offered it, where the role alone does not say.</summary>
    public Func<ResourceRow, OutputContext, bool>? Offered { get; init; }

    /// <summary>Does it inside the request's transaction; the row is tracked. Returns the body, or null for the resource itself.</summary>
    public required Func<ApiContext, ResourceRow, JsonObject, Task<JsonObject?>> Run { get; init; }

    /// <summary>Name of the input schema, or null.</summary>
    public string? Input { get; init; }

    /// <summary>Name of the output schema.</summary>
    public required string Output { get; init; }
}

/// <summary>A link of a resource: to one other (<see cref="Id"/>) or to a collection whose <see cref="ForeignProperty"/> holds this row's id.</summary>
internal sealed record LinkRule
{
    public required string Name { get; init; }

    public required string Target { get; init; }

    public Func<ResourceRow, long?>? Id { get; init; }

    public string? ForeignProperty { get; init; }

    public Roles Readers { get; init; } = Roles.Known;

    /// <summary>A link with an answer of its own.</summary>
    public Func<ApiContext, ResourceRow, Task<ApiResult>>? Custom { get; init; }

    /// <summary>An URL that is not <c>self/name</c>; null leaves the link out.</summary>
    public Func<ResourceRow, OutputContext, string?>? Url { get; init; }

    public string PathName => field ??= Name.ToLowerInvariant();
}
