using System.CommandLine;
using Drover.Cli.Hosts;

namespace Drover.Cli.Commands.Hosts;

/// <summary><c>drover host clone NAME NEW</c>: new hosts that start with a copy of another one's disk.</summary>
internal static class HostCloneCommand
{
    private const int MostAtOnce = 100;

    public static Command Create(CliContext context, SharedOptions shared)
    {
        var source = SharedOptions.HostArgument(context, shared);
        var name = new Argument<string>("NEW") { Description = "Name of the new host" };
        var count = new Option<int>("--count") { Description = "How many: NEW-1 to NEW-N [default: 1]", HelpName = "N", DefaultValueFactory = _ => 1 };
        count.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && !(int.TryParse(token.Value, out var n) && n is >= 1 and <= MostAtOnce))
            {
                result.AddError($"--count: '{token.Value}' is no number from 1 to {MostAtOnce}.");
            }
        });
        var waiting = new Waiting();
        var command = new Command("clone", "Make hosts that start with a copy of another host's disk, on the same agent machine; containers start there as their restart policy says") { source, name, count };
        waiting.AddTo(command, shared);
        command.SetAction(async (parsed, token) =>
        {
            using var server = shared.Choose(context, parsed);
            var environment = await server.EnvironmentAsync(token);
            var row = await new HostDirectory(environment).ResolveAsync(parsed.GetRequiredValue(source), token);
            var creation = new HostCreation(environment, context.Time);
            var asked = await creation.CloneAsync(row, HostName.Expand(parsed.GetRequiredValue(name), parsed.GetValue(count)), token);
            if (!waiting.Waits(parsed))
            {
                shared.Print(HostListing.Of(asked, context.Time.GetUtcNow()), context, parsed);
                return ExitCode.Ok;
            }

            var ended = await HostCreateCommand.FollowAsync(creation, asked, waiting.Time(parsed), shared.Board(context, parsed), grouped: asked.Count > 1, context, token);
            shared.Print(HostListing.Of(ended.OfType<HostRow>(), context.Time.GetUtcNow()), context, parsed);
            return HostOutcome.Tell(asked, ended, context);
        });
        return command;
    }
}
