using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;

namespace Drover.Cli.Commands.Hosts;

/// <summary><c>drover host forward</c></summary>
internal static class HostForwardCommand
{
    public static Command Create(CliContext context, SharedOptions shared)
    {
        var name = SharedOptions.HostArgument(context, shared);
        var ports = new Argument<string[]>("PORTS") { Description = "Pairs such as 8080:80: a port of the loopback of the computer that runs it, and the host's", Arity = ArgumentArity.ZeroOrMore, HelpName = "LISTEN:PORT" };
        ports.Validators.Add(result =>
        {
            foreach (var token in result.Tokens.Where(t => t.Value.Split(':') is not [var listen, var port] || !IsPort(listen) || !IsPort(port)))
            {
                result.AddError($"'{token.Value}' is no pair of ports; write 8080:80, first the computer's, then the host's.");
            }
        });
        var none = new Option<bool>("--none") { Description = "Close all that are open" };
        var waiting = new Waiting();
        var command = new Command("forward", "Let ports of its computer lead into a host of the network user; those that are not named are closed") { name, ports, none };
        waiting.AddTo(command, shared);
        command.Validators.Add(result =>
        {
            if (result.GetValue(none) == (result.GetValue(ports) is { Length: > 0 }))
            {
                result.AddError("Say the ports, such as 8080:80, or --none.");
            }
        });
        command.SetAction((parsed, token) => HostOrderCommands.RunAsync(
            [parsed.GetRequiredValue(name)], "forward", new JsonObject { ["ports"] = new JsonArray([.. (parsed.GetValue(ports) ?? []).Select(p => (JsonNode)p)]) },
            waiting.Waits(parsed), waiting.Time(parsed), context, shared, parsed, token));
        return command;
    }

    private static bool IsPort(string text) => ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0;
}
