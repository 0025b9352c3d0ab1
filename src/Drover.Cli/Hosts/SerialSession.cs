using System.Net.WebSockets;
using System.Text.Json.Nodes;
using Drover.Api.Cattle;
using Drover.Api.Machines;
using Drover.Cli.Containers;
using Drover.Cli.Output;

namespace Drover.Cli.Hosts;

/// <summary>A machine's serial port at this terminal, until Ctrl-] or until one side ends.</summary>
/// <remarks>The terminal is raw meanwhile: every key, Ctrl-C too, is the machine's. What is no terminal is sent as it is, to its end.</remarks>
internal static class SerialSession
{
    /// <summary>Ctrl-], as telnet and virsh have it.</summary>
    private const byte Escape = 0x1d;

    public static async Task<int> RunAsync(CattleClient environment, CattleResource machine, string name, CliContext context, CancellationToken token)
    {
        var access = await environment.ActionAsync("machines", machine.Id, "console", new JsonObject { ["kind"] = ConsoleKind.Serial }, token);
        using var socket = await StreamDial.OpenAsync(environment, access, protocol: null, token);
        await using var terminal = await RawTerminal.EnterAsync(token);
        if (terminal.IsRaw)
        {
            context.Console.Error.Write($"Serial port of {name}. Ctrl-] ends it.\r\n");
        }

        using var over = CancellationTokenSource.CreateLinkedTokenSource(token);
        var typing = TypeAsync(socket, terminal.IsRaw, over.Token);
        var showing = ShowAsync(socket, over.Token);
        await Task.WhenAny(terminal.IsRaw ? typing : showing, showing);
        var refused = showing.IsCompleted && socket.CloseStatus is { } status && (int)status >= 4000 ? socket.CloseStatusDescription : null;
        var reason = showing.IsCompleted ? socket.CloseStatusDescription : null;
        await over.CancelAsync();
        await terminal.DisposeAsync();
        if (refused is not null)
        {
            throw new CliFailure(ExitCode.Refused, refused);
        }

        return Say(reason, context);
    }

    private static int Say(string? reason, CliContext context)
    {
        context.Console.Error.WriteLine(reason is { Length: > 0 } ? $"{Environment.NewLine}{TextSafety.Console(reason)}" : "");
        return ExitCode.Ok;
    }

    private static async Task TypeAsync(ClientWebSocket socket, bool raw, CancellationToken token)
    {
        await using var input = Console.OpenStandardInput();
        var buffer = new byte[1024];
        try
        {
            int read;
            while ((read = await input.ReadAsync(buffer, token)) > 0)
            {
                var end = raw ? buffer.AsSpan(0, read).IndexOf(Escape) : -1;
                await socket.SendAsync(buffer.AsMemory(0, end < 0 ? read : end), WebSocketMessageType.Binary, endOfMessage: true, token);
                if (end >= 0)
                {
                    return;
                }
            }
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException)
        {
            // The other side has ended.
        }
    }

    private static async Task ShowAsync(ClientWebSocket socket, CancellationToken token)
    {
        await using var output = Console.OpenStandardOutput();
        var buffer = new byte[16 * 1024];
        try
        {
            while (await socket.ReceiveAsync(buffer.AsMemory(), token) is { MessageType: not WebSocketMessageType.Close } received)
            {
                await output.WriteAsync(buffer.AsMemory(0, received.Count), token);
                await output.FlushAsync(token);
            }
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException)
        {
            // Ended here, or the line broke.
        }
    }
}
