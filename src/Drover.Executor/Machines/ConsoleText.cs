using System.Text;

namespace Drover.Executor.Machines;

/// <summary>Makes a console line fit for a message: no escape sequences, no control characters, no endless length.</summary>
internal static class ConsoleText
{
    private const int MaxLine = 400;

    internal static string Clean(string line)
    {
        var result = new StringBuilder(Math.Min(line.Length, MaxLine));
        for (var i = 0; i < line.Length && result.Length < MaxLine; i++)
        {
            if (line[i] == '\u001b')
            {
                i = EndOfEscape(line, i);
            }
            else if (!char.IsControl(line[i]))
            {
                result.Append(line[i]);
            }
            else if (line[i] == '\t')
            {
                result.Append(' ');
            }
        }

        return result.ToString().TrimEnd();
    }

    /// <summary>The last character of the sequence that begins at <paramref name="start"/> (ECMA-48: CSI ends at the first of @ to ~).</summary>
    private static int EndOfEscape(string line, int start)
    {
        if (start + 1 >= line.Length || line[start + 1] != '[')
        {
            return start + 1;
        }

        var end = start + 2;
        while (end < line.Length && line[end] is < '@' or > '~')
        {
            end++;
        }

        return end;
    }
}
