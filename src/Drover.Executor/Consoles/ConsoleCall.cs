using System.Text.Json.Nodes;
using Drover.Api.Machines;
using Drover.Executor.Machines;

namespace Drover.Executor.Consoles;

/// <summary>Where somebody waits for a console, and which one.</summary>
internal sealed record ConsoleCall(string Kind, Uri Url, string Secret)
{
    /// <exception cref="MachineException">The command does not say it rightly.</exception>
    internal static ConsoleCall Read(MachineCommand command)
    {
        var kind = Text(command, "kind");
        return !ConsoleKind.All.Contains(kind, StringComparer.Ordinal) ? throw new MachineException($"A machine has no console '{kind}'; there are {string.Join(" and ", ConsoleKind.All)}.")
            : !Uri.TryCreate(Text(command, "url"), UriKind.Absolute, out var url) || url.Scheme is not ("ws" or "wss") ? throw new MachineException("The command does not say which WebSocket waits for the console.")
            : Text(command, "secret") is not { Length: > 0 } secret ? throw new MachineException("The command has no secret for the console.")
            : new ConsoleCall(kind!, url, secret);
    }

    private static string? Text(MachineCommand command, string field) => command.Arguments?[field] is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;
}
