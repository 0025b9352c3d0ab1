using Drover.Server.Storage;
using Microsoft.EntityFrameworkCore;

namespace Drover.Server.Processes;

/// <summary>Which external handlers take part in a process: those whose handler, process and link between them are all active.</summary>
internal static class HandlerCatalog
{
    /// <summary>By priority, lower first; <c>pre.</c> listeners before all others, <c>post.</c> after.</summary>
    public static async Task<IReadOnlyList<HandlerView>> ActiveAsync(AppDb db, string process, CancellationToken cancellationToken)
    {
        string[] names = ["pre." + process, process, "post." + process];
        var rows = await (
            from map in db.ExternalHandlerMaps.AsNoTracking()
            join handler in db.ExternalHandlers.AsNoTracking() on map.HandlerId equals handler.Id
            join entry in db.ExternalHandlerProcesses.AsNoTracking() on map.ProcessId equals entry.Id
            where names.Contains(map.ProcessName) && map.State == "active" && handler.State == "active" && entry.State == "active"
            select new { map.ProcessName, map.EventName, map.OnError, handler.Id, handler.Name, handler.Priority, handler.Retries, handler.TimeoutMillis })
            .ToListAsync(cancellationToken);
        return [.. rows
            .OrderBy(r => Array.IndexOf(names, r.ProcessName)).ThenBy(r => r.Priority).ThenBy(r => r.Id)
            .Select(r => new HandlerView(r.Id, r.Name ?? "", r.Priority, r.Retries, r.TimeoutMillis, r.EventName ?? r.ProcessName, r.OnError))];
    }
}
