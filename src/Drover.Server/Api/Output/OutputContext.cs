using Drover.Server.Api.Registry;

namespace Drover.Server.Api.Output;

/// <summary>For whom and at which address a resource is written.</summary>
/// <param name="Root">Such as <c>http://srv:8080/v2-beta/projects/1a5</c>, without a slash at the end.</param>
/// <param name="IsV1">The frozen form of 1.x before 1.2, with its small differences.</param>
internal sealed record OutputContext(string Root, bool IsV1, Roles Role, bool PlainIds = false)
{
    /// <summary>The resource was created by this very request: secrets are shown once.</summary>
    public bool JustCreated { get; init; }

    /// <summary>The caller's role per environment, gathered where environments themselves are written.</summary>
    public IReadOnlyDictionary<long, Roles>? Memberships { get; init; }
}
