namespace Drover.Cli;

/// <summary>Words that a typing mistake could have meant.</summary>
internal static class Nearest
{
    /// <summary>At most three, nearest first; none that differs in more than a third of its letters (at least one letter may differ).</summary>
    public static IReadOnlyList<string> Of(string word, IEnumerable<string> known) =>
    [
        .. known.Distinct(StringComparer.Ordinal)
            .Select(k => (Word: k, Distance: Distance(word, k)))
            .Where(k => k.Distance <= Math.Max(1, Math.Max(word.Length, k.Word.Length) / 3))
            .OrderBy(k => k.Distance).ThenBy(k => k.Word, StringComparer.Ordinal)
            .Take(3)
            .Select(k => k.Word),
    ];

    /// <summary>Edits (insert, delete, replace, swap of neighbours) from one word to the other: optimal string alignment.</summary>
    internal static int Distance(string a, string b)
    {
        // A name of 10,000 letters is no typing mistake; do not spend its square.
        if (Math.Abs(a.Length - b.Length) > 8 || a.Length > 64)
        {
            return Math.Max(a.Length, b.Length);
        }

        var cost = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++)
        {
            cost[i, 0] = i;
        }

        for (var j = 0; j <= b.Length; j++)
        {
            cost[0, j] = j;
        }

        for (var i = 1; i <= a.Length; i++)
        {
            for (var j = 1; j <= b.Length; j++)
            {
                var change = cost[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
                var best = Math.Min(change, Math.Min(cost[i - 1, j], cost[i, j - 1]) + 1);
                cost[i, j] = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] ? Math.Min(best, cost[i - 2, j - 2] + 1) : best;
            }
        }

        return cost[a.Length, b.Length];
    }
}
