using System.Text.Json.Nodes;
using Drover.Server.Api.Queries;
using Drover.Server.Api.Registry;
using Drover.Server.Api.Requests;
using Drover.Server.Audit;
using Drover.Server.Pool;
using Drover.Server.Storage;
using Microsoft.EntityFrameworkCore;

namespace Drover.Server.Settings;

/// <summary>Settings by name: <c>GET /v1/settings/api.host</c>, <c>PUT {"value":…}</c> for administrators.</summary>
internal sealed class SettingType : ResourceType
{
    private readonly PublicAddress _address;
    private readonly PoolBoard _pool;

    public SettingType(PublicAddress address, PoolBoard pool)
    {
        (_address, _pool) = (address, pool);
        Access.Allow(Roles.Admin | Roles.Service, Verbs.Read | Verbs.Update).Allow(Roles.People, Verbs.Read);
        Plain("name", "string").Creatable();
        Plain("value", "string").Updatable().WrittenBy(Roles.Admin | Roles.Service).Length(0, 4096);
        Plain("activeValue", "string");
        Plain("source", "string");
    }

    public override async Task<ApiResult> ListAsync(ApiContext context)
    {
        var rows = await context.Db.Settings.AsNoTracking().ToDictionaryAsync(s => s.Name, s => s.Value, context.Aborted);
        var name = context.Http.Request.Query["name"].FirstOrDefault();
        var data = KnownSettings.All.Where(k => name is null || k.Name == name).Select(k => (JsonNode)Write(context, k, rows.GetValueOrDefault(k.Name))).ToArray();
        var query = CollectionQuery.Parse(context.Http.Request.Query, this);
        return ApiResult.Ok(CollectionReader.Frame(this, context, data, query, null));
    }

    public override async Task<ApiResult> GetAsync(ApiContext context, string id)
    {
        var known = Find(id);
        var row = await context.Db.Settings.AsNoTracking().FirstOrDefaultAsync(s => s.Name == known.Name, context.Aborted);
        return ApiResult.Ok(Write(context, known, row?.Value));
    }

    public override async Task<ApiResult> UpdateAsync(ApiContext context, string id, JsonObject body)
    {
        var known = Find(id);
        if (!known.IsWritable)
        {
            throw ApiError.Method($"The setting {known.Name} cannot be changed.");
        }

        var value = body["value"] is { } node ? FieldFormat.Scalar("value", node) : known.Standard;
        if (known.Problem!(value) is { } problem)
        {
            throw ApiError.Invalid("InvalidFormat", "value", problem);
        }

        await StoreAsync(context.Db, known.Name, value, context.Aborted);
        context.Audit(Name, "update", null, $"{known.Name} = {value}");
        context.Db.AfterCommit(() => Apply(known.Name, value));
        return ApiResult.Ok(Write(context, known, value));
    }

    /// <summary>Sets the row; the caller saves.</summary>
    public static async Task StoreAsync(AppDb db, string name, string value, CancellationToken cancellationToken)
    {
        var row = await db.Settings.FirstOrDefaultAsync(s => s.Name == name, cancellationToken);
        if (row is null)
        {
            db.Settings.Add(row = new SettingRow { Name = name });
        }

        row.Value = value;
    }

    private void Apply(string name, string value)
    {
        switch (name)
        {
            case KnownSettings.ApiHost:
                _address.Setting = value;
                break;
            case KnownSettings.PoolWarm or KnownSettings.PoolTemplates:
                _pool.SettingsChanged();
                break;
        }
    }

    private static KnownSetting Find(string id)
    {
        var name = id.StartsWith("1as!", StringComparison.Ordinal) ? id[4..] : id;
        return KnownSettings.Find(name) ?? throw ApiError.NotFound($"setting '{(name.Length > 64 ? name[..64] : name)}'");
    }

    private JsonObject Write(ApiContext context, KnownSetting known, string? stored) => new()
    {
        ["id"] = $"1as!{known.Name}",
        ["type"] = Name,
        ["links"] = new JsonObject { ["self"] = $"{context.Root}/{PathName}/1as!{known.Name}" },
        ["actions"] = new JsonObject(),
        ["name"] = known.Name,
        ["value"] = stored ?? known.Standard,
        ["activeValue"] = stored ?? known.Standard,
        ["source"] = stored is null ? "Code Packaged Defaults" : "Database",
    };
}
