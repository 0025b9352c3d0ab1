using System.Text.Json.Nodes;
using Drover.Server.Api;
using Drover.Server.Api.Queries;
using Drover.Server.Api.Registry;
using Drover.Server.Api.Requests;
using Drover.Server.Audit;
using Drover.Server.Storage;
using Microsoft.EntityFrameworkCore;

namespace Drover.Server.Identity;

/// <summary>Logging in and out: <c>POST /v1/token {"code":"login:password"}</c> (cattle-api §1.8).</summary>
internal sealed class TokenType : ResourceType
{
    private readonly Passwords _passwords;
    private readonly SessionTokens _sessions;
    private readonly LoginThrottle _throttle;

    public TokenType(Passwords passwords, SessionTokens sessions, LoginThrottle throttle)
    {
        (_passwords, _sessions, _throttle) = (passwords, sessions, throttle);

        // Checking a password takes a third of a second on purpose; nobody else's write should wait for it.
        InTransaction = false;
        Access.Allow(Roles.Anonymous | Roles.People | Roles.Service, Verbs.Read | Verbs.Create | Verbs.Delete);
        Plain("code", "string").Creatable().Required().Length(1, 1024).Says("login:password");
        foreach (var field in new[] { "jwt", "accountId", "user", "userType", "authProvider" })
        {
            Plain(field, "string");
        }

        Plain("userIdentity", "json");
        Plain("identities", "array[json]");
        Plain("enabled", "boolean");
        Plain("security", "boolean");
    }

    /// <summary>Public: tells that logging in is needed, and who one is.</summary>
    public override async Task<ApiResult> ListAsync(ApiContext context)
    {
        var caller = context.Caller;
        var account = caller.IsAnonymous ? null : await context.Db.Accounts.AsNoTracking().FirstOrDefaultAsync(a => a.Id == caller.UserId, context.Aborted);
        var query = CollectionQuery.Parse(context.Http.Request.Query, this);
        return ApiResult.Ok(CollectionReader.Frame(this, context, [Answer(account, account?.Name, null)], query, null));
    }

    public override async Task<ApiResult> CreateAsync(ApiContext context, JsonObject body)
    {
        var fields = await FieldChecks.ForInputAsync(this, context, body);
        var code = fields["code"]!.GetValue<string>().Split(':', 2);
        if (code.Length != 2)
        {
            throw ApiError.Forbidden("The code must have the form login:password.");
        }

        var (login, password) = (code[0], code[1]);
        var address = context.Http.Connection.RemoteIpAddress?.ToString() ?? "";
        _throttle.Check(login, address);
        var credential = await context.Db.Credentials.AsNoTracking().FirstOrDefaultAsync(
            c => c.PublicValue == login && c.Kind == CredentialKinds.Password && c.State == "active" && c.Removed == null,
            context.Aborted);
        var account = credential is null ? null : await context.Db.Accounts.FirstOrDefaultAsync(a => a.Id == credential.AccountId && a.State == "active", context.Aborted);
        if (!_passwords.Verify(account is null ? null : credential!.SecretHash, password))
        {
            _throttle.Failed(login, address);
            throw ApiError.Unauthorized("The login or the password is wrong.");
        }

        _throttle.Succeeded(login, address);
        return await context.Db.WriteAsync(
            "token.create",
            async () =>
            {
                var (token, _) = _sessions.Begin(context.Db, account!.Id);
                await FirstEnvironment.EnsureAsync(context.Db, account, login, context.Now(), context.Aborted);
                context.Audit("token", "create", null, login);
                return new ApiResult(201, Answer(account, login, token));
            },
            context.Aborted);
    }

    /// <summary>Logs out: ends the session of the token that the request came with.</summary>
    public override async Task<ApiResult> DeleteAsync(ApiContext context, string id)
    {
        var key = context.Caller.SessionKey ?? throw ApiError.Method("Only a login can be ended; this request came with a key.");
        context.Db.Sessions.RemoveRange(await context.Db.Sessions.Where(s => s.Key == key).ToListAsync(context.Aborted));
        context.Audit("token", "delete", null, "login");
        await context.Db.StoreAsync("token.delete", context.Aborted);
        return new ApiResult(204);
    }

    private static JsonObject Answer(AccountRow? account, string? login, string? jwt)
    {
        var identity = account is null ? null : new JsonObject
        {
            ["id"] = $"{Members.LocalIdType}:{Members.IdentityOf(account.Id)}",
            ["type"] = "identity",
            ["externalIdType"] = Members.LocalIdType,
            ["externalId"] = Members.IdentityOf(account.Id),
            ["login"] = login,
            ["name"] = account.Name,
            ["user"] = true,
        };
        return new JsonObject
        {
            ["id"] = null,
            ["type"] = "token",
            ["links"] = new JsonObject(),
            ["actions"] = new JsonObject(),
            ["jwt"] = jwt,
            ["accountId"] = account is null ? null : Ids.Format("a", account.Id),
            ["user"] = login,
            ["userType"] = account?.Kind,
            ["userIdentity"] = identity,
            ["identities"] = identity is null ? new JsonArray() : new JsonArray(identity.DeepClone()),
            ["authProvider"] = "localAuthConfig",
            ["enabled"] = true,
            ["security"] = true,
        };
    }
}
