using System.Text;

namespace Drover.Cli.Output;

/// <summary>The three streams and what they are connected to. Results go to <see cref="Out"/>; progress, remarks and errors to <see cref="Error"/>.</summary>
internal sealed class CliConsole
{
    public required TextWriter Out { get; init; }

    public required TextWriter Error { get; init; }

    public required TextReader In { get; init; }

    public bool OutIsTerminal { get; init; }

    public bool ErrorIsTerminal { get; init; }

    public bool InIsTerminal { get; init; }

    /// <summary>False when NO_COLOR is set or the terminal is dumb.</summary>
    public bool Colour { get; init; }

    /// <summary>A person is there to answer a question.</summary>
    public bool IsInteractive => InIsTerminal && ErrorIsTerminal;

    public static CliConsole ForThisProcess()
    {
        var colour = string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"))
            && Environment.GetEnvironmentVariable("TERM") is not (null or "" or "dumb");
        return new CliConsole
        {
            Out = new StreamWriter(Console.OpenStandardOutput(), new UTF8Encoding(false)) { AutoFlush = Console.IsOutputRedirected is false },
            Error = new StreamWriter(Console.OpenStandardError(), new UTF8Encoding(false)) { AutoFlush = true },
            In = Console.In,
            OutIsTerminal = !Console.IsOutputRedirected,
            ErrorIsTerminal = !Console.IsErrorRedirected,
            InIsTerminal = !Console.IsInputRedirected,
            Colour = colour,
        };
    }

    /// <summary>Asks on stderr, so that a redirected result stays clean. Null at the end of the input.</summary>
    public string? Ask(string question)
    {
        Error.Write(question);
        Error.Flush();
        return In.ReadLine();
    }

    /// <summary>Asks without showing what is typed. Null at the end of the input.</summary>
    public string? AskSecret(string question)
    {
        Error.Write(question);
        Error.Flush();
        var typed = new StringBuilder();
        while (true)
        {
            var key = Console.ReadKey(intercept: true);
            switch (key.Key)
            {
                case ConsoleKey.Enter:
                    Error.WriteLine();
                    return typed.ToString();
                case ConsoleKey.Backspace when typed.Length > 0:
                    typed.Length--;
                    break;
                case ConsoleKey.D when key.Modifiers == ConsoleModifiers.Control && typed.Length == 0:
                    Error.WriteLine();
                    return null;
                default:
                    if (!char.IsControl(key.KeyChar))
                    {
                        typed.Append(key.KeyChar);
                    }

                    break;
            }
        }
    }

    public void Flush()
    {
        try
        {
            Out.Flush();
            Error.Flush();
        }
        catch (IOException)
        {
            // The reader went away (`drover … | head`): there is nobody left to tell.
        }
    }
}
