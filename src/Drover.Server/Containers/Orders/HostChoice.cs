using Drover.Server.Api;
using Drover.Server.Api.Requests;
using Drover.Server.Storage;
using Microsoft.EntityFrameworkCore;

namespace Drover.Server.Containers.Orders;

/// <summary>On which host a container is made: the one that was asked for, else the connected one with the fewest that run.</summary>
internal static class HostChoice
{
    public const string Field = "requestedHostId";

    /// <exception cref="ApiError">The host asked for does not take containers, or none does.</exception>
    public static async Task<HostRow> ForAsync(ApiContext context, long? accountId, long? asked, ContainerBoard board, Inventories inventories)
    {
        var hosts = await context.Db.Hosts.AsNoTracking().Where(h => h.AccountId == accountId && h.Removed == null).ToListAsync(context.Aborted);
        if (asked is { } id)
        {
            var host = hosts.FirstOrDefault(h => h.Id == id) ?? throw ApiError.Invalid("InvalidReference", Field, $"There is no host {Ids.Format("h", id)} in this environment.");
            return host.State == "active" ? host : throw ApiError.Invalid("InvalidState", Field, $"The host {host.Name} is {host.State}; it takes containers while it is active.");
        }

        return hosts.Where(h => h.State == "active" && inventories.DockerOf(h.Id) is not null)
            .MinBy(h => (board.OfHost(h.Id).Count(c => c.Removed is null && c.State == "running"), h.Id))
            ?? throw ApiError.Invalid("MissingRequired", Field, hosts.Count == 0 ? "There is no host in this environment; add one first." : "No host of this environment is connected at present; they return by themselves.");
    }
}
