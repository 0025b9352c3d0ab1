using Drover.Scheduler.Artifacts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Net.Http.Headers;

namespace Drover.Scheduler;

/// <summary>The files that agent machines fetch.</summary>
public static class ArtifactEndpoints
{
    /// <summary>Maps <c>GET</c> and <c>HEAD /artifacts/sha256/DIGEST/NAME</c>, with ranges. Open to everyone who can reach it, because Mesos'
    /// fetcher sends no credentials; nothing that is served is secret.</summary>
    public static IEndpointConventionBuilder MapSchedulerArtifacts(this IEndpointRouteBuilder endpoints) =>
        endpoints.MapMethods($"/{ArtifactCatalog.RoutePrefix}/{{digest}}/{{name}}", [HttpMethods.Get, HttpMethods.Head], ServeAsync);

    private static async Task<IResult> ServeAsync(string digest, string name, HttpContext context)
    {
        var catalog = context.RequestServices.GetRequiredService<ArtifactCatalog>();
        if (await catalog.FindAsync(digest, name) is not { } artifact)
        {
            return Results.Text($"There is no file {name} with SHA-256 {digest} here.\n", statusCode: StatusCodes.Status404NotFound);
        }

        context.Response.Headers.CacheControl = "public, max-age=31536000, immutable";
        return Results.File(artifact.Path, "application/octet-stream", entityTag: new EntityTagHeaderValue($"\"{artifact.Sha256}\""), enableRangeProcessing: true);
    }
}
