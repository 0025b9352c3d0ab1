using System.Text.Json.Nodes;
using Drover.Server.Api.Registry;
using Drover.Server.Api.Requests;
using Drover.Server.Processes;
using Drover.Server.Storage;
using Microsoft.EntityFrameworkCore;

namespace Drover.Server.Identity;

/// <summary>Login names with their passwords. The password goes in and never comes out.</summary>
internal sealed class PasswordType : StoredType<CredentialRow>
{
    /// <summary>Mark in the row's data: still the generated first password.</summary>
    public const string Initial = "initial";

    private readonly Passwords _passwords;
    private readonly ServerFiles _files;

    public PasswordType(Passwords passwords, ServerFiles files)
        : base(CredentialKinds.Password, Lifecycles.Generic)
    {
        (_passwords, _files) = (passwords, files);
        SharesTable = true;
        Access.Allow(Roles.Admin, Verbs.All).Allow(Roles.User, Verbs.Read | Verbs.Act);
        FindField("accountId")!.WrittenBy(Roles.Admin);
        Column("publicValue", "string", r => r.PublicValue, (r, v) => r.PublicValue = v!.GetValue<string>())
            .Creatable().Required().Length(1, 128).Chars("a-zA-Z0-9._@-").Says("The login name.").Filter(nameof(CredentialRow.PublicValue));
        Column("secretValue", "password", _ => null, (r, v) => r.Revealed = v!.GetValue<string>())
            .Creatable().Required().Length(Passwords.MinLength, 128).Says("The password.");
        PassingAction("activate", Roles.Admin);
        PassingAction("deactivate", Roles.Admin);
        RemoveAction(Roles.Admin);
        Actions.Add(new ActionRule
        {
            Name = "changesecret",
            Roles = Roles.Admin | Roles.User,
            Input = "changeSecretInput",
            Output = "password",
            Available = row => row.State == "active",
            Run = ChangeAsync,
        });
        Links.Add(new LinkRule { Name = "account", Target = "account", Id = r => r.AccountId });
    }

    protected override async Task PrepareAsync(ApiContext context, CredentialRow row, JsonObject body)
    {
        if (await context.Db.Credentials.AnyAsync(c => c.PublicValue == row.PublicValue && c.Kind == CredentialKinds.Password && c.Removed == null, context.Aborted))
        {
            throw ApiError.Invalid("NotUnique", "publicValue", $"The login name '{row.PublicValue}' is taken.");
        }

        row.SecretHash = _passwords.Hash(row.Revealed!);
    }

    protected override async Task RemoveAsync(ApiContext context, CredentialRow row)
    {
        await base.RemoveAsync(context, row);
        row.SecretHash = null;
    }

    private async Task<JsonObject?> ChangeAsync(ApiContext context, ResourceRow resource, JsonObject body)
    {
        var row = (CredentialRow)resource;
        string? Text(string name) => body[name] is { } value ? FieldFormat.Scalar(name, value) : null;
        var fresh = Text("newSecret");
        if (fresh is null || fresh.Length is < Passwords.MinLength or > 128)
        {
            throw ApiError.Invalid(fresh?.Length > 128 ? "MaxLengthExceeded" : "MinLengthExceeded", "newSecret", $"The new password needs {Passwords.MinLength} to 128 characters.");
        }

        var own = row.AccountId == context.Caller.UserId;
        if (own && !_passwords.Verify(row.SecretHash, Text("oldSecret") ?? ""))
        {
            throw ApiError.Invalid("InvalidFormat", "oldSecret", "The old password is wrong.");
        }

        row.SecretHash = _passwords.Hash(fresh);
        var present = context.Caller.SessionKey;
        context.Db.Sessions.RemoveRange(await context.Db.Sessions.Where(s => s.AccountId == row.AccountId && s.Key != present).ToListAsync(context.Aborted));
        if (row.Data.Remove(Initial))
        {
            context.Db.AfterCommit(_files.RemoveInitialPassword);
        }

        return null;
    }
}
