using Drover.Server.Processes;
using Drover.Server.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;

namespace Drover.Server.Metrics;

/// <summary>Counts what is stored, for metrics: asked when somebody looks, never beside it.</summary>
/// <remarks>Several servers on one database tell the same numbers.</remarks>
internal sealed partial class Census(Database database, ProcessCatalog catalog, TimeProvider time, ILogger<Census> logger)
{
    /// <summary>The instruments of one look share a count.</summary>
    private static readonly TimeSpan s_fresh = TimeSpan.FromSeconds(1);

    /// <summary>States that are told also when nothing is in them: an alert must not mistake none for no answer.</summary>
    private static readonly string[] s_hostStates = ["active", "reconnecting", "disconnected"];
    private static readonly string[] s_machineStates = ["creating", "bootstrapping", "active", "stopped", "error", "removing"];

    private readonly Lock _gate = new();
    private CensusFigures? _figures;
    private long _at;

    /// <summary>The latest count; one without figures while the database does not answer.</summary>
    public CensusFigures Take()
    {
        lock (_gate)
        {
            if (_figures is null || time.GetElapsedTime(_at) >= s_fresh)
            {
                _figures = Count();
                _at = time.GetTimestamp();
            }

            return _figures;
        }
    }

    private CensusFigures Count()
    {
        try
        {
            using var db = database.Open();
            var hosts = db.Hosts.AsNoTracking().Where(h => h.Removed == null)
                .GroupBy(h => new { h.State, h.AgentState }).Select(g => new { g.Key.State, g.Key.AgentState, Count = g.LongCount() }).ToList();
            var machines = db.Machines.AsNoTracking().Where(m => m.Removed == null && m.Kind == "machine")
                .GroupBy(m => m.State).Select(g => new { State = g.Key, Count = g.LongCount() }).ToList();
            var processes = db.Processes.AsNoTracking().Where(p => p.EndTime == null && p.Phase != Phases.Requested)
                .GroupBy(p => p.ProcessName).Select(g => new { Name = g.Key, Count = g.LongCount() }).ToList();
            return new CensusFigures(
                true,
                Sum(s_hostStates, hosts.Select(h => (h.State == "active" ? h.AgentState ?? h.State : h.State, h.Count))),
                Sum(s_machineStates, machines.Select(m => (m.State, m.Count))),
                Sum(catalog.Names, processes.Select(p => (p.Name, p.Count))));
        }
        catch (Exception e)
        {
            // Whoever looks is told by the figure that says so; the log says why.
            LogFailed(logger, e);
            return new CensusFigures(false, [], [], []);
        }
    }

    private static Dictionary<string, long> Sum(IEnumerable<string> always, IEnumerable<(string Key, long Count)> counted)
    {
        var sums = always.ToDictionary(key => key, _ => 0L, StringComparer.Ordinal);
        foreach (var (key, count) in counted)
        {
            sums[key] = sums.GetValueOrDefault(key) + count;
        }

        return sums;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The database could not be counted for metrics")]
    private static partial void LogFailed(ILogger logger, Exception exception);
}

/// <param name="Answers">Whether the database answered.</param>
/// <param name="Hosts">By the state that is shown: the agent's while the host itself is active.</param>
/// <param name="Machines">That were asked for, by state.</param>
/// <param name="Processes">That are under way, by name.</param>
internal sealed record CensusFigures(bool Answers, Dictionary<string, long> Hosts, Dictionary<string, long> Machines, Dictionary<string, long> Processes);
