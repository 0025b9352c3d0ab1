namespace Drover.Cli.Hosts;

/// <summary>Finds the host that a person means.</summary>
internal static class HostName
{
    /// <summary>A machine's or host's id wins over names; a name must be of one host only.</summary>
    /// <exception cref="CliFailure">Not found (with the nearest names), or ambiguous.</exception>
    public static HostRow Resolve(string nameOrId, IReadOnlyList<HostRow> rows)
    {
        if (rows.FirstOrDefault(r => r.Id == nameOrId || r.Host?.Id == nameOrId) is { } byId)
        {
            return byId;
        }

        var named = rows.Where(r => r.Name == nameOrId).ToList();
        return named switch
        {
            [var one] => one,
            [] => throw NotFound(nameOrId, rows),
            _ => throw new CliFailure(ExitCode.Refused, $"Several hosts are named '{nameOrId}'.", $"Use an id: {string.Join(", ", named.Select(r => $"{r.Id} ({r.State})"))}."),
        };
    }

    public static CliFailure NotFound(string nameOrId, IReadOnlyList<HostRow> rows)
    {
        var near = Nearest.Of(nameOrId, rows.Select(r => r.Name));
        return new CliFailure(
            ExitCode.NotFound,
            $"There is no host '{nameOrId}'.",
            near.Count > 0 ? $"Did you mean {string.Join(" or ", near)}?" : "'drover host ls' lists them.");
    }

    /// <summary>The names of <paramref name="count"/> hosts: NAME itself for one, else NAME-1 to NAME-n.</summary>
    public static IReadOnlyList<string> Expand(string name, int count) =>
        count == 1 ? [name] : [.. Enumerable.Range(1, count).Select(i => $"{name}-{i}")];
}
