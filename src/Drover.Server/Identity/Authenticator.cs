using System.Text;
using Drover.Server.Agents;
using Drover.Server.Api;
using Drover.Server.Api.Registry;
using Drover.Server.Api.Requests;
using Drover.Server.Containers.Access;
using Drover.Server.Hosts;
using Drover.Server.Storage;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;

namespace Drover.Server.Identity;

/// <summary>Finds out who calls (cattle-api §1.8): Basic with keys, a registration token or an environment's bearer form, a login's token as Bearer, cookie or query.</summary>
/// <remarks>Credentials that are wrong are refused at once; none at all leave the caller anonymous, and the route's rule decides.</remarks>
internal sealed class Authenticator(SessionTokens sessions, RegistrationTokens registrationTokens)
{
    private const string BearerUser = "X-API-BEARER=";

    /// <summary>Login and registration scripts are open, whatever stale credentials a client still sends along; consoles and other streams have tokens that are no login.</summary>
    private static readonly HashSet<string> s_open = new(StringComparer.OrdinalIgnoreCase)
    {
        "token", "tokens", "scripts", "console", "consoles", LogsType.Path, ExecType.Path, StatsType.Path, HostStatsType.Path, PullType.Path,
    };

    public async Task<Caller> IdentifyAsync(HttpContext http, ApiPath path, AppDb db, CancellationToken cancellationToken)
    {
        var open = path.Segments.Count > 0 && s_open.Contains(path.Segments[0]);
        var project = path.Project ?? http.Request.Headers["X-API-Project-Id"].FirstOrDefault() ?? http.Request.Query["projectId"].FirstOrDefault();
        try
        {
            return await CredentialsAsync(http, db, project, cancellationToken);
        }
        catch (ApiError e) when (open && e.Status == 401)
        {
            return Caller.Nobody;
        }
    }

    private async Task<Caller> CredentialsAsync(HttpContext http, AppDb db, string? project, CancellationToken cancellationToken)
    {
        var header = http.Request.Headers.Authorization.FirstOrDefault() ?? "";
        if (header.StartsWith("Basic ", StringComparison.OrdinalIgnoreCase))
        {
            var (user, password) = DecodeBasic(header[6..]);
            if (user.StartsWith(BearerUser, StringComparison.OrdinalIgnoreCase))
            {
                return await TokenAsync(db, password, user[BearerUser.Length..], byCookie: false, cancellationToken);
            }

            return user == "registrationToken"
                ? await RegistrationAsync(db, password, cancellationToken)
                : await KeyAsync(db, user, password, project, cancellationToken);
        }

        if (header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase))
        {
            return await TokenAsync(db, header[7..].Trim(), project, byCookie: false, cancellationToken);
        }

        if (http.Request.Query["token"].FirstOrDefault() is { Length: > 0 } query)
        {
            return await TokenAsync(db, query, project, byCookie: false, cancellationToken);
        }

        return http.Request.Cookies["token"] is { Length: > 0 } cookie
            ? await TokenAsync(db, cookie, project, byCookie: true, cancellationToken)
            : Caller.Nobody;
    }

    private static async Task<Caller> KeyAsync(AppDb db, string user, string password, string? project, CancellationToken cancellationToken)
    {
        var key = await db.Credentials.AsNoTracking().FirstOrDefaultAsync(
            c => c.PublicValue == user && (c.Kind == CredentialKinds.ApiKey || c.Kind == CredentialKinds.AgentApiKey) && c.State == "active" && c.Removed == null,
            cancellationToken);
        return key is not null && Secrets.Matches(key.SecretHash, password) && key.AccountId is { } accountId
            ? await AccountAsync(db, accountId, project, "BasicAuth", cancellationToken)
            : throw ApiError.Unauthorized("The access key or secret key is wrong, or the key is not active.");
    }

    private async Task<Caller> TokenAsync(AppDb db, string token, string? project, bool byCookie, CancellationToken cancellationToken)
    {
        var session = await sessions.FindAsync(db, token, cancellationToken) ?? throw ApiError.Unauthorized("The login has ended. Log in again.");
        var caller = await AccountAsync(db, session.AccountId, project, "TokenAuth", cancellationToken);
        return caller with { SessionKey = session.Key, ByCookie = byCookie };
    }

    private async Task<Caller> RegistrationAsync(AppDb db, string token, CancellationToken cancellationToken)
    {
        var row = await registrationTokens.FindAsync(db, token, cancellationToken) ?? throw ApiError.Unauthorized("The registration token is wrong, used up or has expired.");
        return new Caller
        {
            Role = Roles.Register,
            AccountId = row.AccountId!.Value,
            UserId = row.AccountId.Value,
            AccountKind = AccountKinds.Register,
            TokenId = row.Id,
            AuthType = "RegistrationToken",
        };
    }

    private static async Task<Caller> AccountAsync(AppDb db, long accountId, string? project, string authType, CancellationToken cancellationToken)
    {
        var account = await db.Accounts.AsNoTracking().FirstOrDefaultAsync(a => a.Id == accountId && a.State == "active", cancellationToken)
            ?? throw ApiError.Unauthorized("The account of these credentials is not active.");
        var caller = new Caller
        {
            Role = RoleOf(account.Kind),
            AccountId = account.Id,
            AccountKind = account.Kind,
            AccountName = account.Name,
            UserId = account.Id,
            ProjectId = account.Kind == AccountKinds.Project ? account.Id : null,
            AuthType = authType,
        };
        if (caller.Role == Roles.Agent)
        {
            var agent = await db.Agents.AsNoTracking().FirstOrDefaultAsync(a => a.AccountId == accountId && a.Removed == null, cancellationToken)
                ?? throw ApiError.Unauthorized("The agent of this key is removed.");
            return caller with { AgentId = agent.Id };
        }

        return string.IsNullOrEmpty(project) ? caller : await InProjectAsync(db, caller, project, cancellationToken);
    }

    private static async Task<Caller> InProjectAsync(AppDb db, Caller caller, string project, CancellationToken cancellationToken)
    {
        if (!Ids.TryParse(project, out var id)
            || await db.Accounts.AsNoTracking().FirstOrDefaultAsync(a => a.Id == id && a.Kind == AccountKinds.Project && a.Removed == null, cancellationToken) is not { } row)
        {
            throw NoSuchEnvironment(project);
        }

        if (caller.ProjectId == id)
        {
            return caller;
        }

        var role = caller.Role switch
        {
            Roles.Admin or Roles.Service => Roles.Owner,
            Roles.User => await Members.RoleInAsync(db, caller.UserId, id, cancellationToken),
            _ => null,
        };
        if (role is null || (row.State != "active" && role != Roles.Owner))
        {
            throw NoSuchEnvironment(project);
        }

        return caller with { Role = role.Value, AccountId = id, ProjectId = id };
    }

    private static Roles RoleOf(string kind) => kind switch
    {
        AccountKinds.Admin => Roles.Admin,
        AccountKinds.User => Roles.User,
        AccountKinds.Project => Roles.Project,
        AccountKinds.Service => Roles.Service,
        AccountKinds.Agent => Roles.Agent,
        _ => throw ApiError.Unauthorized("Nobody calls as this account."),
    };

    private static (string User, string Password) DecodeBasic(string text)
    {
        try
        {
            var pair = Encoding.UTF8.GetString(Convert.FromBase64String(text.Trim())).Split(':', 2);
            return pair.Length == 2 ? (pair[0], pair[1]) : throw ApiError.Unauthorized();
        }
        catch (FormatException)
        {
            throw ApiError.Unauthorized("The Authorization header is no valid Basic credentials.");
        }
    }

    private static ApiError NoSuchEnvironment(string project) => ApiError.Forbidden($"There is no environment '{project}', or you are not a member of it.");
}
