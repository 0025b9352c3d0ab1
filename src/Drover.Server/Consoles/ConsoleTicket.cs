using System.Net.WebSockets;

namespace Drover.Server.Consoles;

/// <summary>The right of one person to open one console of one machine, once and soon; and the place where both ends meet.</summary>
/// <remarks>Two secrets: the person's never reaches the machine's computer, and the machine's never reaches the person.</remarks>
internal sealed class ConsoleTicket
{
    public required string Id { get; init; }

    public required long MachineId { get; init; }

    public required string Kind { get; init; }

    /// <summary>The person's, for <c>/v1/consoles/ID</c>.</summary>
    public required string Token { get; init; }

    /// <summary>The executor's, for <c>/v1/consoles/ID/machine</c>.</summary>
    public required string Secret { get; init; }

    public required DateTimeOffset Expires { get; init; }

    /// <summary>The person's end was opened; the ticket lives as long as it.</summary>
    public bool Used { get; set; }

    /// <summary>The machine's end, once it has dialled in.</summary>
    public TaskCompletionSource<WebSocket> Machine { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when the person's end is closed.</summary>
    public TaskCompletionSource Over { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
}
