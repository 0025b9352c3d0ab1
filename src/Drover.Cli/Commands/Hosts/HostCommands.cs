using System.CommandLine;
using Drover.Cli.Hosts;
using Drover.Cli.Output;

namespace Drover.Cli.Commands.Hosts;

/// <summary><c>drover host …</c></summary>
internal static class HostCommands
{
    public static Command Create(CliContext context, SharedOptions shared)
    {
        var command = Fixed(context, shared);
        foreach (var order in HostOrderCommands.Create(context, shared))
        {
            command.Subcommands.Add(order);
        }

        return command;
    }

    private static Command Fixed(CliContext context, SharedOptions shared) => new("host", "Docker hosts: virtual machines that registered")
    {
        HostCreateCommand.Create(context, shared),
        List(context, shared),
        Show(context, shared),
        HostRemoveCommand.Create(context, shared),
        HostConsoleCommand.Create(context, shared),
        HostShellCommand.Create(context, shared),
        HostForwardCommand.Create(context, shared),
        HostSetCommands.Set(context, shared),
        HostSetCommands.Protect(context, shared),
        HostSetCommands.Unprotect(context, shared),
        HostSnapshotCommands.Create(context, shared),
        HostCloneCommand.Create(context, shared),
        HostStatsCommand.Create(context, shared),
        HostCheckCommand.Create(context, shared),
    };

    private static Command List(CliContext context, SharedOptions shared)
    {
        var command = new Command("ls", "List machines and their hosts, one per row") { shared.Format, shared.Quiet };
        command.Aliases.Add("list");
        command.SetAction(async (parsed, token) =>
        {
            using var server = shared.Choose(context, parsed);
            var rows = await new HostDirectory(await server.EnvironmentAsync(token)).ListAsync(token);
            shared.Print(HostListing.Of(rows, context.Time.GetUtcNow()), context, parsed);
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Show(CliContext context, SharedOptions shared)
    {
        var name = SharedOptions.HostArgument(context, shared);
        var command = new Command("show", "Everything about one host, with the time of each stage") { name, shared.Format, shared.Quiet };
        command.SetAction(async (parsed, token) =>
        {
            using var server = shared.Choose(context, parsed);
            var row = await new HostDirectory(await server.EnvironmentAsync(token)).ResolveAsync(parsed.GetRequiredValue(name), token);
            if (shared.FormatOf(parsed) == OutputFormat.Table && !parsed.GetValue(shared.Quiet))
            {
                HostDetails.Write(row, context);
            }
            else
            {
                shared.Print(HostListing.Of([row], context.Time.GetUtcNow()), context, parsed);
            }

            return ExitCode.Ok;
        });
        return command;
    }
}
