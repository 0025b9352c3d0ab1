using System.Text.Json.Nodes;
using Drover.Server.Api.Output;
using Drover.Server.Api.Queries;
using Drover.Server.Api.Registry;
using Drover.Server.Api.Requests;
using Drover.Server.Settings;
using Microsoft.EntityFrameworkCore;

namespace Drover.Server.Pool;

/// <summary>The pool of each scheduler, by the name of its external handler: templates, and spares that are ready to become machines. Schedulers write
/// it and learn the settings from the answer; everybody may read it.</summary>
internal sealed class PoolType : ResourceType
{
    private const int MostMembers = 100_000;

    /// <summary>What a member may hold. Who has taken a spare is his own affair.</summary>
    private static readonly string[] Shown =
    [
        "id", "kind", "state", "agentId", "hostname", "image", "imageDigest", "cpus", "memory", "disk", "network", "since", "message", "notBefore", "failures", "taskId",
    ];

    private readonly PoolBoard _board;
    private readonly ServerOptions _options;

    public PoolType(PoolBoard board, ServerOptions options)
    {
        (_board, _options) = (board, options);
        InTransaction = false;
        Access.Allow(Roles.Service, Verbs.Read | Verbs.Update).Allow(Roles.People, Verbs.Read);
        Plain("members", "array[json]").Updatable().WrittenBy(Roles.Service).Says("kind (template, warm), state, agent machine, size, since when, and why it waits or failed.");
        Plain("warm", "string").Says("The setting pool.warm: spares per agent machine and size, or auto.");
        Plain("templates", "string").Says("The setting pool.templates: auto or off.");
        Plain("network", "string").Says("The network of machines that name none.");
        Plain("ready", "int").Says("Spares that wait for an owner.");
        Plain("made", "int").Says("Templates that are there.");
        Plain("updated", "date");
    }

    public override async Task<ApiResult> ListAsync(ApiContext context)
    {
        var settings = await SettingsAsync(context);
        var data = _board.All.Select(n => (JsonNode)Write(context, n, settings)).ToArray();
        return ApiResult.Ok(CollectionReader.Frame(this, context, data, CollectionQuery.Parse(context.Http.Request.Query, this), null));
    }

    public override async Task<ApiResult> GetAsync(ApiContext context, string id) =>
        _board.All.FirstOrDefault(n => n.Scheduler == id) is { } note ? ApiResult.Ok(Write(context, note, await SettingsAsync(context))) : await base.GetAsync(context, id);

    public override async Task<ApiResult> UpdateAsync(ApiContext context, string id, JsonObject body)
    {
        if (id.Length > 128 || !id.All(char.IsAsciiLetterOrDigit))
        {
            throw ApiError.Invalid("InvalidCharacters", "id", "A pool has the name of its scheduler's external handler.");
        }

        if (body["members"] is not JsonArray { Count: <= MostMembers } members || members.Any(m => m is not JsonObject))
        {
            throw ApiError.Invalid("InvalidFormat", "members", "members must be a list of objects.");
        }

        return ApiResult.Ok(Write(context, _board.Told(id, (JsonArray)members.DeepClone()), await SettingsAsync(context)));
    }

    private static async Task<IReadOnlyDictionary<string, string?>> SettingsAsync(ApiContext context) =>
        await context.Db.Settings.AsNoTracking().Where(s => s.Name == KnownSettings.PoolWarm || s.Name == KnownSettings.PoolTemplates)
            .ToDictionaryAsync(s => s.Name, s => (string?)s.Value, context.Aborted);

    private JsonObject Write(ApiContext context, PoolNote note, IReadOnlyDictionary<string, string?> settings)
    {
        string Setting(string name) => settings.GetValueOrDefault(name) ?? KnownSettings.Find(name)!.Standard;
        return new JsonObject
        {
            ["id"] = note.Scheduler,
            ["type"] = Name,
            ["links"] = new JsonObject { ["self"] = $"{context.Root}/{PathName}/{note.Scheduler}" },
            ["actions"] = new JsonObject(),
            ["name"] = note.Scheduler,
            ["warm"] = Setting(KnownSettings.PoolWarm),
            ["templates"] = Setting(KnownSettings.PoolTemplates),
            ["network"] = _options.DefaultNetwork,
            ["ready"] = Count(note, "warm", "ready"),
            ["made"] = Count(note, "template", "made"),
            ["updated"] = Dates.Text(note.At),
            ["members"] = new JsonArray([.. note.Members.OfType<JsonObject>().Select(m => (JsonNode)Member(m, context.Caller.SeesAll))]),
        };
    }

    private static JsonObject Member(JsonObject member, bool seesAll)
    {
        if (seesAll)
        {
            return (JsonObject)member.DeepClone();
        }

        var isTaken = member["machineId"] is not null;
        return new JsonObject(Shown.Where(f => f != "message" || !isTaken).Select(f => KeyValuePair.Create(f, member[f]?.DeepClone())));
    }

    private static int Count(PoolNote note, string kind, string state) =>
        note.Members.OfType<JsonObject>().Count(m => m["kind"]?.ToString() == kind && m["state"]?.ToString() == state);
}
