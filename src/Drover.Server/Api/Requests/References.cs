using System.Text.Json.Nodes;
using Drover.Server.Api.Registry;
using Microsoft.Extensions.DependencyInjection;

namespace Drover.Server.Api.Requests;

/// <summary>References in bodies and links. Another environment's object is as absent as one that never was (cattle-api §5.1).</summary>
internal static class References
{
    /// <summary>The number behind a formatted id, if the caller may see what it names; else 422 InvalidReference.</summary>
    public static async Task<JsonNode> ResolveAsync(ApiContext context, string field, string target, JsonNode value)
    {
        var text = FieldFormat.Scalar(field, value);
        var type = context.Registry().Find(target);
        try
        {
            if (type is not null && Ids.TryParse(text, out var id))
            {
                await type.GetAsync(context, text);
                return id;
            }
        }
        catch (ApiError e) when (e.Status == 404)
        {
            // Falls through to the same answer as for nonsense.
        }

        throw ApiError.Invalid("InvalidReference", field, $"'{field}' names no {target} that you may use: '{(text.Length > 64 ? text[..64] : text)}'.");
    }

    /// <summary>Answers a link by the target type's own list or get, with all its rules.</summary>
    public static async Task<ApiResult> FollowAsync(this ApiContext context, LinkRule link, Storage.ResourceRow row)
    {
        var target = context.Registry().Find(link.Target) ?? throw ApiError.NotFound($"link '{link.Name}'");
        if (!target.VerbsOf(context.Caller.Role).HasFlag(Verbs.Read))
        {
            throw ApiError.NotFound($"link '{link.Name}'");
        }

        if (link.Id is not null)
        {
            var id = link.Id(row) ?? throw ApiError.NotFound($"link '{link.Name}'");
            return await target.GetAsync(context, Ids.Format(target.IdLetters, id));
        }

        context.Narrow = new Narrowing(link.ForeignProperty!, row.Id);
        return await target.ListAsync(context);
    }

    public static ResourceRegistry Registry(this ApiContext context) => context.Http.RequestServices.GetRequiredService<ResourceRegistry>();

    public static DateTimeOffset Now(this ApiContext context) => context.Http.RequestServices.GetRequiredService<TimeProvider>().GetUtcNow();

}

/// <summary>Limits a list to rows whose property holds an id: what a link to a collection asks for.</summary>
internal sealed record Narrowing(string Property, long Id);
