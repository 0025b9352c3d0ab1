using System.Text.Json.Nodes;
using Drover.Api.Machines;
using Drover.Server.Api.Registry;
using Drover.Server.Api.Requests;
using Drover.Server.Machines;

namespace Drover.Server.Consoles;

/// <summary>The action <c>console</c> of a machine: answers where to open it and with which token, in Rancher's manner (cattle-api §4.4).</summary>
internal static class ConsoleAction
{
    public const string Path = "consoles";
    private const string InputName = "machineConsoleInput";
    private const string OutputName = "hostAccess";

    public static IEnumerable<EmbeddedType> Types()
    {
        var input = new EmbeddedType { Name = InputName, Plural = InputName + "s" };
        input.Plain("kind", "enum").Creatable().OneOf([.. ConsoleKind.All]).Default(ConsoleKind.Graphical).Says("graphical: the screen, as RFB (VNC); serial: the serial port.");
        yield return input;
        var output = new EmbeddedType { Name = OutputName, Plural = OutputName + "es" };
        output.Plain("url", "string").Says("A WebSocket of binary frames; open it with ?token=TOKEN.");
        output.Plain("token", "string").Says("Good once, for 30 seconds.");
        yield return output;
    }

    public static void AddTo(MachineType type, ConsoleTickets tickets) => type.Actions.Add(new ActionRule
    {
        Name = "console",
        Roles = Roles.Infrastructure,
        Input = InputName,
        Output = OutputName,
        Available = row => row.State is not ("requested" or "removing" or "removed" or "erroring" or "error" or "purging" or "purged"),
        Run = async (context, row, body) =>
        {
            var input = await FieldChecks.ForInputAsync(context.Registry().Find(InputName)!, context, body);
            var ticket = tickets.Issue(row.Id, (string)input["kind"]!);
            return new JsonObject
            {
                ["type"] = OutputName,
                ["links"] = new JsonObject(),
                ["actions"] = new JsonObject(),
                ["url"] = $"ws{context.Origin["http".Length..]}/{context.Path.Version}/{Path}/{ticket.Id}",
                ["token"] = ticket.Token,
            };
        },
    });
}
