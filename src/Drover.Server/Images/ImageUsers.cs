using System.Text.Json.Nodes;
using Drover.Server.Api.Requests;
using Drover.Server.Machines;
using Microsoft.EntityFrameworkCore;

namespace Drover.Server.Images;

/// <summary>Which machines use which image, and which computers have one in their cache.</summary>
/// <remarks>TODO-scale: reads every machine's fields, which is much at 10,000 machines; a column would be quicker.</remarks>
/// <param name="Machines">Names of machines by image.</param>
/// <param name="Caches">Digests by computer.</param>
internal sealed record ImageUsers(Dictionary<string, List<string>> Machines, Dictionary<string, IReadOnlyList<string>> Caches)
{
    public static async Task<ImageUsers> ReadAsync(ApiContext context)
    {
        var rows = await context.Db.Machines.AsNoTracking()
            .Where(m => m.Kind == "machine" && m.Removed == null)
            .OrderBy(m => m.Id)
            .Select(m => new { m.Name, m.Fields, Mine = context.Caller.SeesAll || m.AccountId == context.Caller.AccountId })
            .ToListAsync(context.Aborted);
        var machines = new Dictionary<string, List<string>>(StringComparer.Ordinal);
        var caches = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        foreach (var row in rows)
        {
            if (row.Fields[MesosConfig.Name]?["image"] is JsonValue image)
            {
                // Other environments' machines count; their names are nobody else's business.
                (machines.TryGetValue(image.ToString(), out var users) ? users : machines[image.ToString()] = []).Add(row.Mine ? row.Name ?? "" : "a machine of another environment");
            }

            // The last machine that was started on a computer knows its cache best.
            if (row.Fields["cachedImages"] is JsonArray digests && row.Fields["placement"]?["hostname"] is JsonValue computer)
            {
                caches[computer.ToString()] = [.. digests.Select(digest => digest?.ToString() ?? "")];
            }
        }

        return new ImageUsers(machines, caches);
    }

    public IReadOnlyList<string> MachinesOf(string image) => Machines.GetValueOrDefault(image) ?? [];

    public IReadOnlyList<string> CachesOf(string digest) => [.. Caches.Where(cache => cache.Value.Contains(digest)).Select(cache => cache.Key).Order(StringComparer.Ordinal)];
}
