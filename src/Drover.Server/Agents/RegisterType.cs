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
    private readonly Secrets _secrets;

    public RegisterType(Secrets secrets)
        : base("register", Lifecycles.Generic)
    {
        _secrets = secrets;
        InTransaction = false;
        Access.Allow(Roles.Register, Verbs.Read | Verbs.Create);
        Plain("key", "string").Creatable().Required().Length(16, 255);
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
        var hash = Secrets.Hash(key);
        try
        {
            return await context.Db.WriteAsync("register.create", () => RegisterAsync(context, key, hash), context.Aborted);
        }
        catch (DbUpdateException e) when (e is not DbUpdateConcurrencyException)
        {
            // The same key came twice at once; the other request made the row.
            context.Db.ChangeTracker.Clear();
            return await context.Db.WriteAsync("register.create", () => RegisterAsync(context, key, hash), context.Aborted);
        }
    }

    protected override IQueryable<RegisterRow> Scope(ApiContext context, IQueryable<RegisterRow> rows) =>
        rows.Where(r => r.TokenId == context.Caller.TokenId && r.Removed == null);

    private async Task<ApiResult> RegisterAsync(ApiContext context, string key, string hash)
    {
        var token = await context.Db.Credentials.FirstAsync(c => c.Id == context.Caller.TokenId, context.Aborted);
        var before = await context.Db.Registers.Where(r => r.TokenId == token.Id && r.Removed == null).ToListAsync(context.Aborted);
        if (before.Find(r => r.KeyHash == hash) is { } known)
        {
            return new ApiResult(201, Reveal(known, key, context.Output));
        }

        if (token.MachineId is not null && before.Count > 0)
        {
            throw ApiError.Forbidden("This registration token was for one registration of one machine, and has been used.");
        }

        var agent = await AgentAccounts.MakeAsync(context.Db, token, _secrets, context.Now(), context.Aborted);
        var row = new RegisterRow
        {
            Uuid = agent.Agent.Uuid,
            Kind = Kind,
            State = "active",
            AccountId = token.AccountId,
            Created = context.Now(),
            KeyHash = hash,
            TokenId = token.Id,
            AgentId = agent.Agent.Id,
            AccessKey = agent.AccessKey,
        };
        context.Db.Registers.Add(row);
        await context.Db.StoreAsync("register.create", context.Aborted);
        return new ApiResult(201, Reveal(row, key, context.Output));
    }

    private JsonObject Reveal(RegisterRow row, string key, OutputContext context)
    {
        var json = Write(row, context);
        json["key"] = key;
        json["accessKey"] = row.AccessKey;
        json["secretKey"] = _secrets.AgentSecret(row.AccessKey);
        return json;
    }
}
