using System.Text.Json.Nodes;
using Drover.Server.Api.Registry;
using Drover.Server.Storage;
using Microsoft.EntityFrameworkCore;

namespace Drover.Server.Api.Requests;

/// <summary>Runs one operation of a type: reads the body, opens the database, makes writes one transaction, and tries again when somebody
/// else changed the same row meanwhile.</summary>
internal sealed class ApiDispatcher(Database database)
{
    public async Task<ApiResult> RunAsync(ApiContext context, ResourceType type, string? id, string? link)
    {
        var request = context.Http.Request;
        var verb = AccessRule.VerbOf(AccessRule.MethodOf(request), id is not null);
        if (verb == Verbs.Read)
        {
            await using var db = database.Open();
            context.Db = db;
            return await ReadAsync(context, type, id, link);
        }

        var body = await BodyReader.ReadAsync(request, context.Aborted);
        try
        {
            return await database.RunAsync(
                db =>
                {
                    context.Db = db;
                    Task<ApiResult> Work() => WriteAsync(context, type, verb, id, link, (JsonObject)body.DeepClone());
                    return type.InTransaction || link is not null ? db.WriteAsync("api", Work, context.Aborted) : Work();
                },
                context.Aborted);
        }
        catch (DbUpdateConcurrencyException)
        {
            throw new ApiError(409, "Conflict", "Others change this resource all the time; try again.");
        }
    }

    private static Task<ApiResult> ReadAsync(ApiContext context, ResourceType type, string? id, string? link) =>
        id is null ? type.ListAsync(context)
        : link is null ? type.GetAsync(context, id)
        : type.LinkAsync(context, id, link);

    private static Task<ApiResult> WriteAsync(ApiContext context, ResourceType type, Verbs verb, string? id, string? link, JsonObject body)
    {
        if (link is not null)
        {
            return CreateChildAsync(context, type, verb, id!, link, body);
        }

        switch (verb)
        {
            case Verbs.Create: return type.CreateAsync(context, body);
            case Verbs.Update: return type.UpdateAsync(context, id!, body);
            case Verbs.Delete: return type.DeleteAsync(context, id!);
            default:
                var action = context.Http.Request.Query["action"].FirstOrDefault();
                return string.IsNullOrEmpty(action)
                    ? throw ApiError.Invalid("InvalidAction", "action", "A POST to a resource needs ?action=NAME.")
                    : type.ActAsync(context, id!, action, body);
        }
    }

    /// <summary>POST to a link of children creates one with its parent set (cattle-api §1.1).</summary>
    private static async Task<ApiResult> CreateChildAsync(ApiContext context, ResourceType type, Verbs verb, string id, string link, JsonObject body)
    {
        var rule = type.Links.FirstOrDefault(l => string.Equals(l.Name, link, StringComparison.OrdinalIgnoreCase) && l.ForeignProperty is not null);
        if (verb != Verbs.Act || rule is null || context.Registry().Find(rule.Target) is not { } target)
        {
            throw ApiError.Method($"The link '{link}' of {type.Name} cannot be written to.");
        }

        var parent = target.Fields.FirstOrDefault(f => f.Create && f.Type == $"reference[{type.Name}]")
            ?? throw ApiError.Method($"A {target.Name} is not made below a {type.Name}.");
        await type.GetAsync(context, id);
        AccessRule.For(target).Check(context.Caller, Verbs.Create);
        body[parent.Name] = id;
        return await target.CreateAsync(context, body);
    }
}
