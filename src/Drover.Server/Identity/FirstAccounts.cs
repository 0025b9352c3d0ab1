using Drover.Server.Api;
using Drover.Server.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;

namespace Drover.Server.Identity;

/// <summary>The accounts and keys that a new instance begins with: an administrator with a generated password, the default environment, the
/// control plane's own service account, and a key file for each.</summary>
/// <remarks>A secret is written to its file before its hash is stored. So after a kill in between, the next start finds the file and stores what it
/// says; and when a file is missing later, a new key takes its place.</remarks>
internal sealed partial class FirstAccounts(Database database, ServerFiles files, Passwords passwords, ServerOptions options, TimeProvider time, ILogger<FirstAccounts> logger)
{
    public const string Login = "admin";
    public const string DefaultEnvironment = "Default";
    private const string KeyName = "this machine";

    public async Task EnsureAsync(CancellationToken cancellationToken)
    {
        var password = await PreparePasswordAsync(cancellationToken);
        var (adminId, serviceId, projectId) = await database.RunAsync(db => db.WriteAsync("first.accounts", () => AccountsAsync(db, password, cancellationToken), cancellationToken), cancellationToken);
        await EnsureKeyAsync(files.AdminKey, adminId, Ids.Format("a", projectId), cancellationToken);
        await EnsureKeyAsync(files.ServiceKey, serviceId, null, cancellationToken);
        await TidyPasswordFileAsync(cancellationToken);
    }

    /// <summary>The first password, from the file if a start before was killed after writing it. Null when there is a password already.</summary>
    private async Task<string?> PreparePasswordAsync(CancellationToken cancellationToken)
    {
        await using var db = database.Open();
        if (await db.Credentials.AnyAsync(c => c.Kind == CredentialKinds.Password, cancellationToken))
        {
            return null;
        }

        if (files.ReadInitialPassword() is { } known)
        {
            return known;
        }

        var password = Secrets.NewPassword();
        options.Reached?.Invoke("first.password:before");
        files.WriteInitialPassword(password);
        options.Reached?.Invoke("first.password:after");
        LogPassword(logger, files.InitialPassword);
        return password;
    }

    private async Task<(long Admin, long Service, long Project)> AccountsAsync(AppDb db, string? password, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var admin = await AccountAsync(db, AccountKinds.Admin, "admin", "Administrator", now, cancellationToken);
        await AccountAsync(db, "superadmin", "system", "System", now, cancellationToken);
        await AccountAsync(db, AccountKinds.Register, "register", "Registration", now, cancellationToken);
        var service = await AccountAsync(db, AccountKinds.Service, "service", "Control plane", now, cancellationToken);
        var project = await db.Accounts.OrderBy(a => a.Id).FirstOrDefaultAsync(a => a.Kind == AccountKinds.Project && a.Removed == null, cancellationToken)
            ?? await FirstEnvironment.MakeAsync(db, DefaultEnvironment, admin.Id, now, cancellationToken);
        if (password is not null)
        {
            db.Credentials.Add(new CredentialRow
            {
                Uuid = Guid.NewGuid().ToString(),
                Kind = CredentialKinds.Password,
                Name = Login,
                State = "active",
                AccountId = admin.Id,
                Created = now,
                PublicValue = Login,
                SecretHash = passwords.Hash(password),
                Data = { [PasswordType.Initial] = true },
            });
        }

        return (admin.Id, service.Id, project.Id);
    }

    private static async Task<AccountRow> AccountAsync(AppDb db, string kind, string uuid, string name, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (await db.Accounts.FirstOrDefaultAsync(a => a.Uuid == uuid, cancellationToken) is { } known)
        {
            return known;
        }

        var account = new AccountRow { Uuid = uuid, Kind = kind, Name = name, State = "active", Created = now };
        db.Accounts.Add(account);
        await db.StoreAsync("first.accounts", cancellationToken);
        account.AccountId = account.Id;
        return account;
    }

    /// <summary>The file and the stored hash agree when this returns.</summary>
    private async Task EnsureKeyAsync(string file, long accountId, string? projectId, CancellationToken cancellationToken)
    {
        var key = ServerFiles.ReadKey(file);
        if (key is null || key.Value.ProjectId != projectId)
        {
            key = key is { } old ? (old.AccessKey, old.SecretKey, projectId) : (Secrets.NewAccessKey(), Secrets.NewSecretKey(), projectId);
            options.Reached?.Invoke("first.keyfile:before");
            ServerFiles.WriteKey(file, key.Value.AccessKey, key.Value.SecretKey, projectId);
            options.Reached?.Invoke("first.keyfile:after");
        }

        var (access, secret, _) = key.Value;
        await database.RunAsync(
            async db =>
            {
                var own = await db.Credentials.Where(c => c.Kind == CredentialKinds.ApiKey && c.AccountId == accountId && c.Name == KeyName && c.Removed == null).ToListAsync(cancellationToken);
                foreach (var stale in own.Where(c => c.PublicValue != access))
                {
                    AccountRemoval.Remove(stale, time.GetUtcNow());
                }

                var row = own.Find(c => c.PublicValue == access);
                if (row is null)
                {
                    db.Credentials.Add(row = new CredentialRow
                    {
                        Uuid = Guid.NewGuid().ToString(),
                        Kind = CredentialKinds.ApiKey,
                        Name = KeyName,
                        AccountId = accountId,
                        Created = time.GetUtcNow(),
                        PublicValue = access,
                    });
                }

                (row.State, row.SecretHash) = ("active", Secrets.Hash(secret));
                await db.StoreAsync("first.key", cancellationToken);
            },
            cancellationToken);
    }

    /// <summary>A changed password's file may have outlived a kill.</summary>
    private async Task TidyPasswordFileAsync(CancellationToken cancellationToken)
    {
        await using var db = database.Open();
        var all = await db.Credentials.AsNoTracking().Where(c => c.Kind == CredentialKinds.Password && c.Removed == null).ToListAsync(cancellationToken);
        if (!all.Exists(c => c.Data[PasswordType.Initial] is not null))
        {
            files.RemoveInitialPassword();
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Made the administrator; the first password is in {File}")]
    private static partial void LogPassword(ILogger logger, string file);
}
