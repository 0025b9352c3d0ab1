using System.CommandLine;
using System.CommandLine.Completions;
using Drover.Cli.Connection;
using Drover.Cli.Hosts;
using Drover.Cli.Output;

namespace Drover.Cli.Commands;

/// <summary>Options that several commands have, with one meaning.</summary>
internal sealed class SharedOptions
{
    public Option<string?> Data { get; } = new("--data")
    {
        Description = "Data folder of a local instance; also DROVER_DATA [default: ~/.local/share/drover]",
        HelpName = "DIR",
        Recursive = true,
    };

    public Option<string?> Environment { get; } = new("--env")
    {
        Description = "Environment by name or id; also DROVER_ENVIRONMENT",
        HelpName = "NAME",
        Recursive = true,
    };

    public Option<bool> Quiet { get; } = new("--quiet", "-q") { Description = "No progress and no remarks; lists print ids only" };

    public Option<string> Format { get; } = NewFormat();

    /// <summary>Time limit of a command that waits.</summary>
    public static Option<TimeSpan> Timeout(TimeSpan standard) => new("--timeout")
    {
        Description = $"Longest wait, such as 90s, 10m or 1h [default: {standard.TotalMinutes:0}m]",
        HelpName = "TIME",
        DefaultValueFactory = _ => standard,
        CustomParser = result =>
        {
            if (Durations.TryParse(result.Tokens[0].Value, out var duration))
            {
                return duration;
            }

            result.AddError($"--timeout: '{result.Tokens[0].Value}' is no length of time such as 90s, 10m or 1h.");
            return default;
        },
    };

    public static Argument<string> HostArgument(CliContext context, SharedOptions shared)
    {
        var argument = new Argument<string>("NAME") { Description = "Name or id of a host", HelpName = "NAME" };
        argument.CompletionSources.Add(completing => CompleteHosts(completing, context, shared));
        return argument;
    }

    public static Argument<string[]> HostsArgument(CliContext context, SharedOptions shared)
    {
        var argument = new Argument<string[]>("NAME") { Description = "Names or ids of hosts", HelpName = "NAME", Arity = ArgumentArity.OneOrMore };
        argument.CompletionSources.Add(completing => CompleteHosts(completing, context, shared));
        return argument;
    }

    public OutputFormat FormatOf(ParseResult parsed) => Enum.Parse<OutputFormat>(parsed.GetValue(Format)!, ignoreCase: true);

    public Server Choose(CliContext context, ParseResult parsed) => Server.Choose(context, parsed.GetValue(Data), parsed.GetValue(Environment));

    public void Print(Listing listing, CliContext context, ParseResult parsed) =>
        ListingWriter.Write(listing, FormatOf(parsed), parsed.GetValue(Quiet), context.Console);

    /// <summary>Progress on stderr: counting in place on a terminal, lines elsewhere, nothing with <c>--quiet</c>.</summary>
    public IStepBoard Board(CliContext context, ParseResult parsed) => parsed.GetValue(Quiet) ? new SilentBoard() : StepBoards.For(context);

    private static Option<string> NewFormat()
    {
        var format = new Option<string>("--format", "-o") { Description = "table, json, yaml or csv [default: table]", HelpName = "FORMAT", DefaultValueFactory = _ => "table" };
        format.AcceptOnlyFromAmong("table", "json", "yaml", "csv");
        return format;
    }

    /// <summary>The hosts' names, if the server tells them quickly; a shell's Tab key is no place for an error.</summary>
    private static List<string> CompleteHosts(CompletionContext completing, CliContext context, SharedOptions shared)
    {
        using var limit = new CancellationTokenSource(context.CompletionPatience, context.Time);
        try
        {
            return Task.Run(async () =>
            {
                using var server = shared.Choose(context, completing.ParseResult);
                var hosts = new HostDirectory(await server.EnvironmentAsync(limit.Token));
                return (await hosts.ListAsync(limit.Token)).Select(r => r.Name).ToList();
            }).GetAwaiter().GetResult();
        }
        catch (Exception e) when (e is CliFailure or Api.Cattle.CattleException or OperationCanceledException or IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
