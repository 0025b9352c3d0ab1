using Drover.Api.Cattle;

namespace Drover.Cli.Hosts;

/// <summary>Waits until hosts are in a state.</summary>
internal sealed class HostWait(HostDirectory directory, ChangeSignal changes, TimeProvider time)
{
    /// <summary>Longest time that a server may be away while one waits for it: a restart of the control plane is no failure of a host.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Returns the rows, in the order given, when every one is done; null for one of which no record is left.</summary>
    /// <param name="isDone">Gets null when no record is left.</param>
    /// <param name="seen">Called with the row as it was given and as it is now, after each look.</param>
    /// <exception cref="CattleException">The server refused, or was away for too long.</exception>
    public async Task<IReadOnlyList<HostRow?>> UntilAsync(IReadOnlyList<HostRow> rows, Func<HostRow?, bool> isDone, Action<HostRow, HostRow?>? seen, CancellationToken cancellationToken)
    {
        var known = rows.Select(r => (HostRow?)r).ToArray();
        var open = Enumerable.Range(0, known.Length).ToList();
        var silentSince = (DateTimeOffset?)null;
        while (true)
        {
            try
            {
                foreach (var i in open.ToList())
                {
                    known[i] = await directory.RefreshAsync(rows[i], cancellationToken);
                    seen?.Invoke(rows[i], known[i]);
                    if (isDone(known[i]))
                    {
                        open.Remove(i);
                    }
                }

                silentSince = null;
            }
            catch (CattleException e) when (e.IsTransient && (silentSince is null || time.GetUtcNow() - silentSince < Patience))
            {
                silentSince ??= time.GetUtcNow();
            }

            if (open.Count == 0)
            {
                return known;
            }

            await changes.WaitAsync(cancellationToken);
        }
    }
}
