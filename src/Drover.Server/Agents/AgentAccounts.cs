using Drover.Server.Identity;
using Drover.Server.Processes;
using Drover.Server.Storage;

namespace Drover.Server.Agents;

/// <summary>Makes an agent with an account and a key of its own.</summary>
internal static class AgentAccounts
{
    public static async Task<(AgentRow Agent, string AccessKey)> MakeAsync(AppDb db, CredentialRow token, Secrets secrets, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var uuid = Guid.NewGuid().ToString();
        var account = new AccountRow { Uuid = $"agentAccount-{uuid}", Kind = AccountKinds.Agent, Name = "agent", State = "active", Created = now };
        db.Accounts.Add(account);
        await db.StoreAsync("register.create", cancellationToken);
        account.AccountId = account.Id;
        var agent = new AgentRow
        {
            Uuid = uuid,
            Kind = "agent",
            Uri = $"event://{uuid}",
            State = Lifecycles.Agent.Pass("activate", Lifecycles.Agent.Start("create", "requested")!)!,
            AccountId = account.Id,
            ResourcesAccountId = token.AccountId!.Value,
            MachineId = token.MachineId,
            Created = now,
            LostAt = now,
        };

        // It has a key but no link yet.
        agent.State = Lifecycles.Agent.Start("reconnect", agent.State)!;
        db.Agents.Add(agent);
        var accessKey = Secrets.NewAccessKey();
        db.Credentials.Add(new CredentialRow
        {
            Uuid = Guid.NewGuid().ToString(),
            Kind = CredentialKinds.AgentApiKey,
            State = "active",
            AccountId = account.Id,
            Created = now,
            PublicValue = accessKey,
            SecretHash = Secrets.Hash(secrets.AgentSecret(accessKey)),
        });
        await db.StoreAsync("register.create", cancellationToken);
        return (agent, accessKey);
    }
}
