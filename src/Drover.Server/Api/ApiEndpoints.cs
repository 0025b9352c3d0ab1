using Drover.Server.Api.Output;
using Drover.Server.Api.Registry;
using Drover.Server.Api.Requests;
using Drover.Server.Images;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Drover.Server.Api;

/// <summary>Three routes per type of the registry, each with the type's rule.</summary>
internal static class ApiEndpoints
{
    public static void MapApi(this IEndpointRouteBuilder app)
    {
        var registry = app.ServiceProvider.GetRequiredService<ResourceRegistry>();
        foreach (var type in registry.Types.Where(t => !t.Access.IsEmpty && t is not EmbeddedType))
        {
            var rule = AccessRule.For(type);
            var collection = $"{ApiPaths.Internal}/{type.PathName}";
            app.Map(collection, http => RunAsync(http, type)).WithMetadata(rule);
            app.Map(collection + "/{id}", http => RunAsync(http, type)).WithMetadata(rule);
            app.Map(collection + "/{id}/{link}", http => RunAsync(http, type)).WithMetadata(rule);
        }

        app.MapPut($"{ApiPaths.Internal}/hostimages/{{id}}/file", (HttpContext http, string id, ImageUpload upload) => upload.ReceiveAsync(http, id))
            .WithMetadata(AccessRule.For(registry.Find("hostImage")!));
        app.Map(ApiPaths.Internal, VersionAsync).WithMetadata(AccessRule.Authenticated);
        app.Map(ApiPaths.Internal + "/{**rest}", http => throw ApiError.NotFound("such path")).WithMetadata(AccessRule.Authenticated);
    }

    /// <summary>Stands between routing and every endpoint of the API: without a rule, and without its consent, nothing runs.</summary>
    public static async Task EnforceAsync(HttpContext http, RequestDelegate next)
    {
        var rule = http.GetEndpoint()?.Metadata.GetMetadata<AccessRule>();
        if (http.Items[typeof(ApiContext)] is not ApiContext context)
        {
            // Only probes, and endpoints of other parts, which have rules of their own, are reached without the gate.
            if (rule is not null && rule != AccessRule.Public)
            {
                http.Response.StatusCode = StatusCodes.Status404NotFound;
                return;
            }

            await next(http);
            return;
        }

        if (rule is null)
        {
            throw ApiError.NotFound("such path");
        }


        var onResource = http.GetRouteValue("id") is not null;
        rule.Check(context.Caller, http.GetRouteValue("link") is not null ? Verbs.Read : AccessRule.VerbOf(AccessRule.MethodOf(http.Request), onResource));
        await next(http);
    }

    private static async Task RunAsync(HttpContext http, ResourceType type)
    {
        var context = (ApiContext)http.Items[typeof(ApiContext)]!;
        var dispatcher = http.RequestServices.GetRequiredService<ApiDispatcher>();
        var result = await dispatcher.RunAsync(context, type, http.GetRouteValue("id") as string, http.GetRouteValue("link") as string);
        await AnswerAsync(http, result);
    }

    private static async Task AnswerAsync(HttpContext http, ApiResult result)
    {
        if (result == ApiResult.Handled)
        {
            return;
        }

        if (result.Body is not null)
        {
            await AnswerWriter.WriteAsync(http, result.Status, result.Body);
            return;
        }

        http.Response.StatusCode = result.Status;
        if (result.Text is not null)
        {
            http.Response.ContentType = "text/plain; charset=utf-8";
            await http.Response.WriteAsync(result.Text, http.RequestAborted);
        }
    }

    private static Task VersionAsync(HttpContext http)
    {
        var context = (ApiContext)http.Items[typeof(ApiContext)]!;
        var registry = http.RequestServices.GetRequiredService<ResourceRegistry>();
        var answer = context.Path.Version.Length == 0 ? ApiVersions.All(context) : ApiVersions.One(context, context.Path.Version, registry);
        return AnswerWriter.WriteAsync(http, 200, answer);
    }
}
