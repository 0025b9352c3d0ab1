namespace Drover.Web.Figures;

/// <summary>Words of a command line to copy.</summary>
internal static class ShellWord
{
    /// <summary>The word as a shell reads it: as it is, or in single quotes.</summary>
    public static string Quote(string word) =>
        word.Length > 0 && word.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or '=' or ':' or '/' or ',' or '@' or '+')
            ? word
            : $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
