using System.CommandLine;
using System.Text.Json.Nodes;
using Drover.Cli.Hosts;

namespace Drover.Cli.Commands.Hosts;

/// <summary><c>drover host set|protect|unprotect</c>: changes of what is kept about a machine; the machine itself does not notice.</summary>
internal static class HostSetCommands
{
    public static Command Set(CliContext context, SharedOptions shared)
    {
        var names = SharedOptions.HostsArgument(context, shared);
        var after = HostOptions.DeleteAfterOption("Remove them by themselves after so long from now: 90s, 30m, 2h, 7d");
        var keep = new Option<bool>("--keep") { Description = "Do not remove them by themselves any more" };
        var description = new Option<string?>("--description") { Description = "A sentence about them", HelpName = "TEXT" };
        var command = new Command("set", "Change what is kept about hosts") { names, after, keep, description, shared.Format, shared.Quiet };
        command.Validators.Add(result =>
        {
            if (result.GetValue(keep) && result.GetValue(after) is not null)
            {
                result.AddError("--keep and --delete-after exclude each other.");
            }
            else if (!result.GetValue(keep) && result.GetValue(after) is null && result.GetValue(description) is null)
            {
                result.AddError("Say what to change: --delete-after TIME, --keep or --description TEXT.");
            }
        });
        command.SetAction((parsed, token) =>
        {
            var change = new JsonObject();
            if (parsed.GetValue(after) is { } time)
            {
                change["deleteAfter"] = time;
            }

            if (parsed.GetValue(keep))
            {
                change["deleteAt"] = null;
            }

            if (parsed.GetValue(description) is { } text)
            {
                change["description"] = text;
            }

            return ChangeAsync(parsed.GetRequiredValue(names), change, context, shared, parsed, token);
        });
        return command;
    }

    public static Command Protect(CliContext context, SharedOptions shared) =>
        Flag("protect", "Refuse to remove hosts until they are unprotected", true, context, shared);

    public static Command Unprotect(CliContext context, SharedOptions shared) =>
        Flag("unprotect", "Let protected hosts be removed again", false, context, shared);

    private static Command Flag(string verb, string description, bool value, CliContext context, SharedOptions shared)
    {
        var names = SharedOptions.HostsArgument(context, shared);
        var command = new Command(verb, description) { names, shared.Format, shared.Quiet };
        command.SetAction((parsed, token) => ChangeAsync(parsed.GetRequiredValue(names), new JsonObject { ["protected"] = value }, context, shared, parsed, token));
        return command;
    }

    private static async Task<int> ChangeAsync(string[] names, JsonObject change, CliContext context, SharedOptions shared, ParseResult parsed, CancellationToken token)
    {
        using var server = shared.Choose(context, parsed);
        var environment = await server.EnvironmentAsync(token);
        var rows = await new HostDirectory(environment).ResolveAsync(names, token);
        var changed = new List<HostRow>();
        foreach (var row in rows)
        {
            var machine = row.Machine ?? throw new CliFailure(ExitCode.Refused, $"{row.Name} was added by hand: there is no machine of Drover's to change.");
            changed.Add(row with { Machine = await environment.UpdateAsync("machines", machine.Id, (JsonObject)change.DeepClone(), token) });
        }

        shared.Print(HostListing.Of(changed, context.Time.GetUtcNow()), context, parsed);
        return ExitCode.Ok;
    }
}
