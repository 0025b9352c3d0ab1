namespace Drover.Web.Host;

/// <summary>Terminal escape sequences (ECMA-48): colours, cursor moves, titles.</summary>
internal static class EscapeSequence
{
    /// <summary>What is longer without an end is no sequence.</summary>
    public const int Longest = 256;

    /// <summary>The index after the sequence that begins with ESC at <paramref name="start"/>; -1 when its end is not there.</summary>
    public static int End(string text, int start)
    {
        if (start + 1 >= text.Length)
        {
            return -1;
        }

        return text[start + 1] switch
        {
            '[' => Final(text, start + 2),
            ']' or 'P' or 'X' or '^' or '_' => Terminated(text, start + 2),
            >= ' ' and <= '/' => start + 2 < text.Length ? start + 3 : -1,
            _ => start + 2,
        };
    }

    /// <summary>A control sequence ends with a byte of <c>@</c> to <c>~</c>.</summary>
    private static int Final(string text, int from)
    {
        for (var i = from; i < text.Length && i - from < Longest; i++)
        {
            if (text[i] is >= '@' and <= '~')
            {
                return i + 1;
            }

            if (text[i] is < ' ' or > '~')
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>A control string ends with BEL or ESC \.</summary>
    private static int Terminated(string text, int from)
    {
        for (var i = from; i < text.Length && i - from < Longest; i++)
        {
            if (text[i] == '\a')
            {
                return i + 1;
            }

            if (text[i] == '\u001b')
            {
                return i + 1 < text.Length ? i + 2 : -1;
            }
        }

        return -1;
    }
}
