using Drover.Server.Agents;
using Drover.Server.Api.Requests;
using Drover.Server.Machines;
using Drover.Server.Processes;
using Drover.Server.Storage;
using Microsoft.EntityFrameworkCore;

namespace Drover.Server.Identity;

/// <summary>Removes an environment with everything in it: machines are taken down, keys and memberships end at once.</summary>
internal sealed class ProjectRemoval(ProcessEngine engine, AgentRemoval agents)
{
    public async Task RemoveAsync(ApiContext context, AccountRow project)
    {
        var (db, now) = (context.Db, context.Now());
        if (await db.Machines.FirstOrDefaultAsync(m => m.AccountId == project.Id && m.Removed == null && m.Protected, context.Aborted) is { } kept)
        {
            MachineKeeping.RefuseIfProtected(kept);
        }

        project.State = Lifecycles.Generic.Pass("remove", project.State) ?? throw ApiError.Method($"The environment is {project.State} and cannot be removed.");
        project.Removed = now;
        foreach (var machine in await db.Machines.Where(m => m.AccountId == project.Id && m.Removed == null && m.Kind == "machine" && m.State != "removing").ToListAsync(context.Aborted))
        {
            await MachineRemoval.StartAsync(db, engine, machine, context.Aborted);
        }

        foreach (var agent in await db.Agents.Where(a => a.ResourcesAccountId == project.Id && a.MachineId == null && a.Removed == null).ToListAsync(context.Aborted))
        {
            await agents.RemoveAsync(db, agent, now, context.Aborted);
        }

        foreach (var plain in await db.Machines.Where(m => m.AccountId == project.Id && m.Removed == null && m.Kind == "physicalHost").ToListAsync(context.Aborted))
        {
            plain.State = "removed";
            plain.Removed = now;
        }

        foreach (var member in await db.ProjectMembers.Where(m => m.ProjectId == project.Id && m.Removed == null).ToListAsync(context.Aborted))
        {
            member.State = "removed";
            member.Removed = now;
        }

        foreach (var registry in await db.Registries.Where(r => r.AccountId == project.Id && r.Removed == null).ToListAsync(context.Aborted))
        {
            registry.State = "removed";
            registry.Removed = now;
        }

        await AccountRemoval.RemoveCredentialsAsync(db, project.Id, now, context.Aborted);
    }
}
