using System.Globalization;
using System.Text.Json.Nodes;
using Drover.Api.Machines;
using Drover.Executor.Machines;

namespace Drover.Executor.Commands;

/// <summary>A port of this computer's loopback that leads to a port of the guest, by TCP.</summary>
internal sealed record PortForward(ushort Listen, ushort Port)
{
    /// <summary>Those that a command names.</summary>
    /// <exception cref="MachineException">It names something else.</exception>
    internal static IReadOnlyList<PortForward> Read(MachineCommand command) => command.Arguments?["ports"] is JsonArray ports
        ? [.. ports.Select(port => Parse(port?.ToString() ?? ""))]
        : throw new MachineException("The command does not say which ports.");

    /// <summary>Those that a task names, which another task of the machine had.</summary>
    internal static IReadOnlyList<PortForward> Read(IEnumerable<string> ports) => [.. ports.Select(Parse)];

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Listen}:{Port}");

    private static PortForward Parse(string text) =>
        text.Split(':') is [var listen, var port] && ushort.TryParse(listen, NumberStyles.None, CultureInfo.InvariantCulture, out var from) && ushort.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var to) && from > 0 && to > 0
            ? new PortForward(from, to)
            : throw new MachineException($"'{text}' is no pair of ports such as 8080:80.");
}
