using System.Globalization;

namespace Drover.Server.Api;

/// <summary>Formatted ids: <c>1</c>, the letters of the base type, the number (cattle-api §1.3).</summary>
internal static class Ids
{
    public static string Format(string letters, long id) => string.Create(CultureInfo.InvariantCulture, $"1{letters}{id}");

    /// <summary>Reads <c>1ph7</c>; the letters are not checked, as in Cattle. False for anything that names no number.</summary>
    public static bool TryParse(string? text, out long id)
    {
        id = 0;
        if (string.IsNullOrEmpty(text) || text[0] != '1' || text.Length < 3 || !char.IsAsciiLetterLower(text[1]))
        {
            return false;
        }

        var start = 1;
        while (start < text.Length && char.IsAsciiLetterLower(text[start]))
        {
            start++;
        }

        return long.TryParse(text.AsSpan(start), NumberStyles.None, CultureInfo.InvariantCulture, out id);
    }
}
