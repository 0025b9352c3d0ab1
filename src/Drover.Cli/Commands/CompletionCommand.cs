using System.CommandLine;

namespace Drover.Cli.Commands;

/// <summary><c>drover completion SHELL</c>: a few lines for the shell that ask this program by its <c>[suggest:POSITION]</c> directive.</summary>
internal static class CompletionCommand
{
    // The directive wants the line as it was typed, beginning with the program's own name whatever path it was called by.
    private const string Bash = """
        # bash completion for drover:  source <(drover completion bash)
        _drover() {
            local word="${COMP_WORDS[COMP_CWORD]}" rest="${COMP_LINE#*[[:space:]]}"
            local line="drover $rest" position=$((COMP_POINT - ${#COMP_LINE} + ${#rest} + 7))
            local IFS=$'\n'
            COMPREPLY=($(compgen -W "$("${COMP_WORDS[0]}" "[suggest:$position]" "$line" 2>/dev/null)" -- "$word"))
        }
        complete -o default -F _drover drover ./drover
        """;

    private const string Zsh = """
        #compdef drover
        # zsh completion for drover:  source <(drover completion zsh)
        _drover() {
            local rest="${BUFFER#*[[:space:]]}"
            local line="drover $rest" position=$((CURSOR - ${#BUFFER} + ${#rest} + 7))
            local -a words_found
            words_found=("${(@f)$("${words[1]}" "[suggest:$position]" "$line" 2>/dev/null)}")
            compadd -- "${words_found[@]}"
        }
        compdef _drover drover ./drover
        """;

    private const string Fish = """
        # fish completion for drover:  drover completion fish | source
        function __drover_complete
            set -l program (commandline -opc)[1]
            set -l line "drover "(string replace -r '^\S+\s*' '' -- (commandline -cp))
            $program "[suggest:"(string length -- "$line")"]" "$line" 2>/dev/null
        end
        complete -c drover -f -a '(__drover_complete)'
        """;

    public static Command Create(CliContext context)
    {
        var shell = new Argument<string>("SHELL") { Description = "bash, zsh or fish" };
        shell.AcceptOnlyFromAmong("bash", "zsh", "fish");
        var command = new Command("completion", "Print a completion script for a shell") { shell };
        command.SetAction(parsed =>
        {
            context.Console.Out.WriteLine(parsed.GetRequiredValue(shell) switch { "zsh" => Zsh, "fish" => Fish, _ => Bash });
            return ExitCode.Ok;
        });
        return command;
    }
}
