using Drover.Server.Api.Registry;
using Drover.Server.Identity;
using Microsoft.AspNetCore.Http;

namespace Drover.Server.Api.Requests;

/// <summary>Endpoint metadata: who may come in. Every endpoint of the server carries one; one without is never reached.</summary>
internal sealed class AccessRule
{
    private readonly ResourceType? _type;
    private readonly Roles _roles;

    private AccessRule(ResourceType? type, Roles roles)
    {
        _type = type;
        _roles = roles;
    }

    /// <summary>Open to everybody, such as <c>/ping</c>.</summary>
    public static AccessRule Public { get; } = new(null, Roles.Known | Roles.Anonymous);

    /// <summary>Any credentials will do.</summary>
    public static AccessRule Authenticated { get; } = new(null, Roles.Known);

    /// <summary>As the type's table says, verb by verb.</summary>
    public static AccessRule For(ResourceType type) => new(type, Roles.None);

    /// <summary>Throws the error that a refused caller gets: 401 without credentials, 404 for what he may not know of,
    /// 405 for what nobody may do, 403 for what only others may do.</summary>
    public void Check(Caller caller, Verbs verb)
    {
        if (_type is null)
        {
            if (!_roles.HasFlag(caller.Role))
            {
                throw ApiError.Unauthorized();
            }

            return;
        }

        var allowed = _type.VerbsOf(caller.Role);
        if (allowed.HasFlag(verb) && allowed != Verbs.None)
        {
            return;
        }

        if (caller.IsAnonymous)
        {
            throw ApiError.Unauthorized();
        }

        if (allowed == Verbs.None)
        {
            throw ApiError.NotFound($"type '{_type.Name}'");
        }

        if (!_type.Access.Anyone(verb))
        {
            throw ApiError.Method($"{_type.Plural} do not take this method.");
        }

        throw ApiError.Forbidden($"Your role in this environment may not do this with {_type.Plural}.");
    }

    /// <summary>The verb of a request: its method and whether it names a resource.</summary>
    public static Verbs VerbOf(string method, bool onResource) => method switch
    {
        "GET" or "HEAD" => Verbs.Read,
        "POST" => onResource ? Verbs.Act : Verbs.Create,
        "PUT" => Verbs.Update,
        "DELETE" => Verbs.Delete,
        _ => throw ApiError.Method($"The API does not take {method}."),
    };

    /// <summary>The method that a request means: <c>_method</c> overrides it (cattle-api §1.1).</summary>
    public static string MethodOf(HttpRequest request) =>
        request.Query["_method"].FirstOrDefault() is { Length: > 0 } named ? named.ToUpperInvariant() : request.Method;
}
