namespace Drover.Web.Session;

/// <summary>Where to go after the sign-in. Only paths of this server: a foreign address in a link must not lead away.</summary>
internal static class ReturnUrl
{
    public static string Local(string? url) => IsLocal(url) ? url! : "/";

    /// <summary>The sign-in page that comes back to <paramref name="path"/> (path and query below the root).</summary>
    /// <param name="expired">The page then says that the session has ended.</param>
    public static string SignIn(string path, bool expired = false)
    {
        var target = "/" + path.TrimStart('/');
        List<string> query = [];
        if (target is not "/" && IsLocal(target))
        {
            query.Add($"returnUrl={Uri.EscapeDataString(target)}");
        }

        if (expired)
        {
            query.Add("expired=true");
        }

        return query.Count == 0 ? "/login" : $"/login?{string.Join('&', query)}";
    }

    private static bool IsLocal(string? url) =>
        url is ['/', ..]
        && !(url.Length > 1 && url[1] is '/' or '\\')
        && !url.StartsWith("/login", StringComparison.OrdinalIgnoreCase)
        && !url.Any(c => char.IsControl(c) || c == '\\');
}
