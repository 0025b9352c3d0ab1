using System.Text.Json.Nodes;
using Drover.Server.Api.Output;
using Drover.Server.Api.Registry;
using Drover.Server.Api.Requests;
using Drover.Server.Identity;
using Drover.Server.Processes;
using Drover.Server.Settings;
using Drover.Server.Storage;
using Microsoft.EntityFrameworkCore;

namespace Drover.Server.Agents;

/// <summary>Registration tokens: of an environment, or of one machine (then good for one registration and two hours).</summary>
internal sealed class RegistrationTokenType : StoredType<CredentialRow>
{
    /// <summary>One colon exactly: the 2015 scheduler refuses anything else.</summary>
    private const string Image = "drover/agent:v1";

    private readonly RegistrationTokens _tokens;
    private readonly ServerOptions _options;

    public RegistrationTokenType(RegistrationTokens tokens, PublicAddress address, ServerOptions options)
        : base(CredentialKinds.RegistrationToken, Lifecycles.Generic)
    {
        (_tokens, _options) = (tokens, options);
        SharesTable = true;
        InEnvironment = true;
        Access.Allow(Roles.Infrastructure, Verbs.All).Allow(Roles.User, Verbs.Read | Verbs.Create);
        string? Url(ResourceRow row, OutputContext c) => row.State == "active" ? $"{address.Of(c)}/v1/scripts/{tokens.TextOf((CredentialRow)row)}" : null;
        Add(new Field { Name = "token", Type = "string", Get = (r, _) => ((ResourceRow)r).State == "active" ? tokens.TextOf((CredentialRow)r) : null });
        Add(new Field { Name = "registrationUrl", Type = "string", Get = (r, c) => Url((ResourceRow)r, c) });
        Add(new Field { Name = "image", Type = "string", Get = (r, _) => ((ResourceRow)r).State == "active" ? Image : null });
        Add(new Field { Name = "command", Type = "string", Get = (r, c) => Url((ResourceRow)r, c) is { } url ? Command(url) : null });
        Add(new Field { Name = "windowsCommand", Type = "string", Get = (_, _) => null });
        Reference("physicalHostId", "machine", "ph", r => r.MachineId, (r, v) => r.MachineId = v)
            .Creatable().WrittenBy(Roles.Service | Roles.Admin).Says("The one machine that may register with it.").Filter(nameof(CredentialRow.MachineId));
        DateField.Add<CredentialRow>(this, "expires", r => r.ExpiresAt);
        PassingAction("activate", Roles.Infrastructure);
        PassingAction("deactivate", Roles.Infrastructure);
        RemoveAction(Roles.Infrastructure);
        Links.Add(new LinkRule { Name = "account", Target = "account", Id = r => r.AccountId });
        Links.Add(new LinkRule { Name = "registrationUrl", Target = "script", Url = Url, Custom = ScriptAsync });
    }

    protected override async Task PrepareAsync(ApiContext context, CredentialRow row, JsonObject body)
    {
        row.PublicValue = Secrets.NewAccessKey();
        row.ExpiresAt = context.Now() + (row.MachineId is null ? _options.EnvironmentTokenLifetime : _options.MachineTokenLifetime);
        if (row.MachineId is not { } id)
        {
            return;
        }

        var machine = await context.Db.Machines.AsNoTracking().FirstOrDefaultAsync(m => m.Id == id && m.Removed == null, context.Aborted);
        if (machine is null || machine.State is "removing" || machine.ExternalId is null)
        {
            throw ApiError.Invalid("InvalidReference", "physicalHostId", "There is no such machine that could register.");
        }

        // A machine's token is the environment's that the machine is in, whatever the request says.
        row.AccountId = machine.AccountId;
        foreach (var older in await context.Db.Credentials.Where(c => c.MachineId == id && c.Removed == null && c.Kind == Kind).ToListAsync(context.Aborted))
        {
            if (!await context.Db.Registers.AnyAsync(r => r.TokenId == older.Id, context.Aborted))
            {
                AccountRemoval.Remove(older, context.Now());
            }
        }
    }

    private static string Command(string url) =>
        $"sudo docker run --rm --privileged -v /var/run/docker.sock:/var/run/docker.sock -v /var/lib/rancher:/var/lib/rancher {Image} {url}";

    private Task<ApiResult> ScriptAsync(ApiContext context, ResourceRow row) =>
        context.Registry().Find("script")!.GetAsync(context, _tokens.TextOf((CredentialRow)row));
}
