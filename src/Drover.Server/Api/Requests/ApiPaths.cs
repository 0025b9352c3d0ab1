using Drover.Server.Api.Registry;
using Microsoft.AspNetCore.Http;

namespace Drover.Server.Api.Requests;

/// <summary>Reads the URL forms of the API (cattle-api §1.1) and gives each the one form that routes are written in.</summary>
internal sealed class ApiPaths(ResourceRegistry registry)
{
    /// <summary>Where routes live inside the server. Nobody can ask for it from outside.</summary>
    public const string Internal = "/.api";

    /// <summary>Null for a path that is not the API's.</summary>
    public static ApiPath? Parse(PathString path)
    {
        var parts = (path.Value ?? "").Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (parts.Length == 0 || (parts[0] != "v1" && parts[0] != "v2-beta"))
        {
            return null;
        }

        // /v1/projects/1a5/hosts acts in 1a5; /v1/projects/1a5 and its members are ordinary resources.
        return parts.Length > 3
            && (parts[1].Equals("projects", StringComparison.OrdinalIgnoreCase) || parts[1].Equals("project", StringComparison.OrdinalIgnoreCase))
            && !parts[3].Equals("projectmembers", StringComparison.OrdinalIgnoreCase)
                ? new ApiPath(parts[0], parts[2], parts[3..])
                : new ApiPath(parts[0], null, parts[1..]);
    }

    /// <summary>The internal route of a path: the plural in lower case, whatever form the client chose.</summary>
    public PathString Route(ApiPath path)
    {
        if (path.Segments.Count == 0)
        {
            return Internal;
        }

        var type = registry.Find(path.Segments[0]);
        return new PathString($"{Internal}/{string.Join('/', path.Segments.Skip(1).Prepend(type?.PathName ?? "-"))}");
    }
}
