using System.Text;

namespace Drover.Cli.Output;

/// <summary>Keeps what a server, a guest or a user wrote from steering the terminal.</summary>
internal static class TextSafety
{
    /// <summary>One line without control characters; each becomes a visible <c>\xNN</c>.</summary>
    public static string Line(string? text)
    {
        if (string.IsNullOrEmpty(text) || !text.Any(IsUnsafe))
        {
            return text ?? "";
        }

        var safe = new StringBuilder(text.Length + 8);
        foreach (var c in text)
        {
            _ = c switch
            {
                '\n' or '\r' or '\t' => safe.Append(' '),
                _ when IsUnsafe(c) => safe.Append(c < 0x100 ? $"\\x{(int)c:x2}" : $"\\u{(int)c:x4}"),
                _ => safe.Append(c),
            };
        }

        return safe.ToString();
    }

    /// <summary>Console text of a machine: lines and tabs stay, escape sequences and other control characters go.</summary>
    public static string Console(string text)
    {
        var safe = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (c == '\u001b')
            {
                i = EndOfEscape(text, i);
            }
            else if (c is '\n' or '\t' || !IsUnsafe(c))
            {
                safe.Append(c);
            }
        }

        return safe.ToString();
    }

    /// <summary>C0, DEL, C1, and the marks that reorder text.</summary>
    private static bool IsUnsafe(char c) =>
        char.IsControl(c) || c is (>= '\u202a' and <= '\u202e') or (>= '\u2066' and <= '\u2069') or '\u200e' or '\u200f' or '\u061c';

    /// <summary>Index of the last character of the escape sequence that begins at <paramref name="start"/> (ECMA-48: CSI, OSC, others).</summary>
    private static int EndOfEscape(string text, int start)
    {
        if (start + 1 >= text.Length)
        {
            return start;
        }

        var i = start + 2;
        switch (text[start + 1])
        {
            case '[':
                while (i < text.Length && text[i] is < '@' or > '~')
                {
                    if (text[i] is < ' ' or > '~')
                    {
                        return i - 1;
                    }

                    i++;
                }

                return Math.Min(i, text.Length - 1);
            case ']' or 'P' or '_' or '^':
                while (i < text.Length && text[i] is not ('\a' or '\u001b' or '\n'))
                {
                    i++;
                }

                return i >= text.Length ? text.Length - 1
                    : text[i] == '\a' ? i
                    : text[i] == '\u001b' && i + 1 < text.Length && text[i + 1] == '\\' ? i + 1
                    : i - 1;
            case '(' or ')' or '#' or '%':
                return Math.Min(i, text.Length - 1);
            case >= ' ' and <= '~':
                return start + 1;
            default:
                return start;
        }
    }
}
