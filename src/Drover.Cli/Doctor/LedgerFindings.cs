using System.Text.Json.Nodes;
using Drover.Cli.Hosts;
using Drover.Cli.Output;

namespace Drover.Cli.Doctor;

/// <summary>What the ledger of this computer tells, alone and beside what the server knows. Pure functions.</summary>
internal static class LedgerFindings
{
    public static IEnumerable<Finding> Of(LocalLedger ledger)
    {
        foreach (var sentence in ledger.Said)
        {
            yield return sentence.StartsWith("Could not", StringComparison.Ordinal)
                ? new Finding("left behind", FindingState.Problem, sentence)
                : new Finding("left behind", FindingState.Repaired, sentence);
        }

        foreach (var owner in ledger.Entries.Where(e => e.Text("state") == LocalLedger.LeftBehind).GroupBy(e => e.Text("owner")))
        {
            yield return new Finding("left behind", FindingState.Problem, $"the executor of {owner.Key} died and left {Count(owner)}", "drover doctor --repair clears up; so does the next machine that starts here.");
        }

        foreach (var entry in ledger.Entries.Where(e => e.Text("state") == LocalLedger.Unrecorded))
        {
            yield return new Finding("unrecorded", FindingState.Warning, $"{entry.Text("name")} runs for this folder and no record names it", "It may have only just started: look again in a moment.");
        }

        var used = ledger.Entries.Where(e => e.Text("state") == "used").ToList();
        yield return Finding.Ok("ledger", used.Count == 0 ? "no machine has anything on this computer" : Count(used));
    }

    /// <summary>Compares machines on the server with what runs here.</summary>
    /// <param name="ledger">Null when machines run on a cluster: what this computer has says nothing about them.</param>
    public static IEnumerable<Finding> Against(IReadOnlyList<HostRow> rows, LocalLedger? ledger)
    {
        foreach (var row in rows)
        {
            if (row.State == "error")
            {
                yield return new Finding($"machine {row.Name}", FindingState.Problem, row.Message ?? "it is in error", $"drover host show {row.Name}; drover host rm {row.Name}");
            }
            else if (ledger is not null && row.Machine!.State == "active" && !ledger.Entries.Any(e => e.Text("machineId") == row.Id && e.Text("state") == "used"))
            {
                yield return new Finding($"machine {row.Name}", FindingState.Problem, "the server says it is active, and nothing of it runs on this computer", "The scheduler notices within a minute; see drover host show.");
            }
            else
            {
                yield return Finding.Ok($"machine {row.Name}", row.State);
            }
        }

        var known = rows.Select(r => r.Id).ToHashSet(StringComparer.Ordinal);
        foreach (var stray in (ledger?.Entries ?? []).Where(e => e.Text("state") == "used" && e.Text("machineId") is { Length: > 0 } id && !known.Contains(id)).GroupBy(e => e.Text("owner")))
        {
            yield return new Finding("stray", FindingState.Warning, $"{stray.Key} runs here, and the server has no such machine", "It may be on its way out. The scheduler ends tasks that nobody owns; if it stays, see its log.");
        }

        foreach (var kept in Kept(ledger, known))
        {
            yield return kept;
        }
    }

    /// <summary>Disks between two tasks of a machine, of which the server says that there is no such machine. Nobody else removes them.</summary>
    private static IEnumerable<Finding> Kept(LocalLedger? ledger, HashSet<string> known) =>
        (ledger?.Entries ?? []).Where(e => e.Text("kind") == "kept disk" && e.Text("state") == "kept" && e.Text("machineId") is { Length: > 0 } id && !known.Contains(id))
            .Select(e => new Finding("kept disk", FindingState.Warning, $"The disk of {e.Text("owner")} ({e.Text("detail")}) is kept here, and the server has no such machine", $"The scheduler removes it soon; if it stays, remove the folder {e.Text("path")}."));

    private static string Count(IEnumerable<JsonObject> entries) => string.Join(", ", entries.GroupBy(e => e.Text("kind")).OrderBy(g => g.Key, StringComparer.Ordinal).Select(g => $"{g.Count()} {Plural(g.Key ?? "thing", g.Count())}"));

    private static string Plural(string word, int count) => count == 1 ? word : word.EndsWith('s') ? word + "es" : word + "s";
}
