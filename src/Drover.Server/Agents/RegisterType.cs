using System.Text.Json.Nodes;
using Drover.Server.Api.Output;
using Drover.Server.Api.Registry;
using Drover.Server.Api.Requests;
using Drover.Server.Identity;
using Drover.Server.Processes;
using Drover.Server.Storage;
using Microsoft.EntityFrameworkCore;

namespace Drover.Server.Agents;

/// <summary>Registration: a host makes up a key K and gets an agent's keys for it, the same for the same K (cattle-api §3.5).</summary>
internal sealed class RegisterType : StoredType<RegisterRow>
{
    private readonly AgentRegistration _registration;

    public RegisterType(AgentRegistration registration)
        : base("register", Lifecycles.Generic)
    {
        _registration = registration;
        InTransaction = false;
        Access.Allow(Roles.Register, Verbs.Read | Verbs.Create);
        Plain("key", "string").Creatable().Required().Length(AgentRegistration.LeastKey, AgentRegistration.MostKey);
        Plain("accessKey", "string");
        Plain("secretKey", "string");
    }

    /// <summary>Shows keys to who knows K, and nothing to anybody else.</summary>
    public override async Task<ApiResult> ListAsync(ApiContext context)
    {
        var result = await base.ListAsync(context);
        if (context.Http.Request.Query["key"].FirstOrDefault() is not { Length: > 0 } key)
        {
            return result;
        }

        var hash = Secrets.Hash(key);
        var row = await context.Db.Registers.AsNoTracking().FirstOrDefaultAsync(r => r.KeyHash == hash && r.TokenId == context.Caller.TokenId && r.Removed == null, context.Aborted);
        result.Body!["data"] = row is null ? new JsonArray() : new JsonArray(Reveal(row, key, context.Output));
        return result;
    }

    public override async Task<ApiResult> CreateAsync(ApiContext context, JsonObject body)
    {
        var key = (await FieldChecks.ForInputAsync(this, context, body))["key"]!.GetValue<string>();
        var row = await AgentRegistration.OnceMoreAsync(context.Db, () => context.Db.WriteAsync(
            "register.create", () => _registration.TakeAsync(context.Db, context.Caller.TokenId!.Value, key, context.Aborted), context.Aborted));
        return new ApiResult(201, Reveal(row, key, context.Output));
    }

    protected override IQueryable<RegisterRow> Scope(ApiContext context, IQueryable<RegisterRow> rows) =>
        rows.Where(r => r.TokenId == context.Caller.TokenId && r.Removed == null);

    private JsonObject Reveal(RegisterRow row, string key, OutputContext context)
    {
        var json = Write(row, context);
        json["key"] = key;
        json["accessKey"] = row.AccessKey;
        json["secretKey"] = _registration.SecretOf(row);
        return json;
    }
}
