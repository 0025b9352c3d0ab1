namespace Drover.Mesos;

/// <summary>The forms of a master address that Mesos programs take: <c>host</c>, <c>host:port</c>, <c>http(s)://host:port</c>, a comma list
/// of those, <c>file:///path</c> of a file that holds one of them, and <c>zk://host:port,…/path</c>.</summary>
public static class MasterAddress
{
    public const int DefaultPort = 5050;

    /// <summary>Makes the detector for an address.</summary>
    /// <exception cref="FormatException">The text is none of the forms.</exception>
    /// <exception cref="NotSupportedException">It names ZooKeeper, which this version does not ask for the leader.</exception>
    public static IMasterDetector CreateDetector(string address)
    {
        var text = address.Trim();
        if (text.StartsWith("zk://", StringComparison.OrdinalIgnoreCase))
        {
            throw new NotSupportedException(
                $"The master address '{WithoutPassword(text)}' names ZooKeeper. Leader detection through ZooKeeper comes with the next version; "
                + "until then give the masters themselves: host:port,host:port,… (any of them redirects to the leader).");
        }

        return text.StartsWith("file://", StringComparison.OrdinalIgnoreCase)
            ? new MasterFile(new Uri(text).LocalPath)
            : new MasterList(ParseList(text));
    }

    /// <summary>The masters of a list, in order, each as <c>http(s)://host:port/</c>.</summary>
    /// <exception cref="FormatException">An entry is no address, or there is none.</exception>
    public static IReadOnlyList<Uri> ParseList(string list)
    {
        var masters = list.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(ParseOne).Distinct().ToList();
        return masters.Count > 0 ? masters : throw new FormatException("The master address is empty.");
    }

    private static Uri ParseOne(string entry)
    {
        var hasScheme = entry.Contains("://", StringComparison.Ordinal);
        var valid = Uri.TryCreate(hasScheme ? entry : $"http://{entry}", UriKind.Absolute, out var uri)
            && uri.Scheme is "http" or "https" && uri!.Host.Length > 0 && uri.AbsolutePath == "/" && uri.UserInfo.Length == 0;
        if (!valid)
        {
            throw new FormatException($"'{entry}' is not a master address such as 10.0.0.1:5050 or https://master.example.org:5050.");
        }

        // Without a port Mesos means its own, not HTTP's.
        var authority = entry[(hasScheme ? entry.IndexOf("://", StringComparison.Ordinal) + 3 : 0)..].TrimEnd('/');
        var hasPort = authority.LastIndexOf(':') > authority.LastIndexOf(']');
        return hasPort ? new Uri(uri!.GetLeftPart(UriPartial.Authority)) : new UriBuilder(uri!.Scheme, uri.Host, DefaultPort).Uri;
    }

    private static string WithoutPassword(string zk) => zk.Contains('@', StringComparison.Ordinal) ? $"zk://…@{zk[(zk.LastIndexOf('@') + 1)..]}" : zk;
}
