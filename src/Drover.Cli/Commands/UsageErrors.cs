using System.CommandLine;
using System.CommandLine.Parsing;
using Drover.Cli.Output;

namespace Drover.Cli.Commands;

/// <summary>Tells what is wrong with a command line: one sentence, the likely word, and where the help is.</summary>
internal static class UsageErrors
{
    public static void Write(ParseResult parsed, TextWriter error)
    {
        var command = parsed.CommandResult.Command;
        error.WriteLine($"drover: {TextSafety.Line(Sentence(parsed, command))}");
        error.WriteLine($"  '{Path(parsed)} --help' tells how it is used.");
    }

    private static string Sentence(ParseResult parsed, Command command)
    {
        if (parsed.UnmatchedTokens is [var word, ..])
        {
            var isOption = word.StartsWith('-');
            var known = isOption ? Options(parsed) : command.Subcommands.Select(c => c.Name);
            var near = Nearest.Of(word, known);
            var what = isOption ? $"Unknown option '{word}'." : command.Subcommands.Count > 0 ? $"Unknown command '{word}'." : $"'{word}' is one argument too many.";
            return near.Count > 0 ? $"{what} Did you mean {string.Join(" or ", near)}?" : what;
        }

        if (command.Subcommands.Count > 0 && command.Action is null)
        {
            return $"'{Path(parsed)}' wants one of: {string.Join(", ", command.Subcommands.Select(c => c.Name))}.";
        }

        return parsed.Errors is not [var first, ..] ? "The command line is wrong."
            : first.SymbolResult is OptionResult { Option.Name: var name } && !first.Message.Contains(name, StringComparison.Ordinal) ? $"{name}: {first.Message}"
            : first.Message;
    }

    private static IEnumerable<string> Options(ParseResult parsed)
    {
        for (var result = parsed.CommandResult; result is not null; result = result.Parent as CommandResult)
        {
            foreach (var option in result.Command.Options.Where(o => !o.Hidden))
            {
                yield return option.Name;
            }
        }
    }

    private static string Path(ParseResult parsed)
    {
        var names = new Stack<string>();
        for (var result = parsed.CommandResult; result is not null; result = result.Parent as CommandResult)
        {
            names.Push(result.Parent is null ? "drover" : result.Command.Name);
        }

        return string.Join(' ', names);
    }
}
