using System.Text;
using System.Text.Json.Nodes;

namespace Drover.Web.Container;

/// <summary>What is run for a shell.</summary>
internal static class ShellCommand
{
    /// <summary>bash where there is one, else sh.</summary>
    public const string Best = "best";

    /// <summary>What the reader writes.</summary>
    public const string Own = "own";

    private const string BashElseSh = "export TERM=xterm-256color; command -v bash >/dev/null 2>&1 && exec bash; exec sh";

    public static JsonArray Of(string choice, string own) => choice switch
    {
        Best => ["/bin/sh", "-c", BashElseSh],
        Own => new JsonArray([.. Words(own).Select(w => (JsonNode)w)]),
        _ => [choice],
    };

    /// <summary>As a shell cuts a line: blanks part, quotes keep together, a backslash takes the next one as it is.</summary>
    public static IReadOnlyList<string> Words(string line)
    {
        List<string> words = [];
        var word = new StringBuilder();
        var (quote, open) = ('\0', false);
        for (var i = 0; i < line.Length; i++)
        {
            var c = line[i];
            if (c == '\\' && quote != '\'' && i + 1 < line.Length)
            {
                word.Append(line[++i]);
                open = true;
            }
            else if (quote != '\0' ? c == quote : c is '\'' or '"')
            {
                quote = quote == '\0' ? c : '\0';
                open = true;
            }
            else if (quote == '\0' && char.IsWhiteSpace(c))
            {
                if (open)
                {
                    words.Add(word.ToString());
                    word.Clear();
                    open = false;
                }
            }
            else
            {
                word.Append(c);
                open = true;
            }
        }

        if (open)
        {
            words.Add(word.ToString());
        }

        return words;
    }
}
