using System.Net.WebSockets;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json.Nodes;
using Drover.Cli.Output;

namespace Drover.Cli.Containers;

/// <summary>A process in a container at this terminal, or at these pipes: Kubernetes' <c>v5.channel.k8s.io</c>, in which the first byte of a message is its channel.</summary>
internal sealed class ExecSession(WebSocket socket, bool tty, bool input) : IDisposable
{
    public const string Protocol = "v5.channel.k8s.io";
    private const byte Input = 0, Output = 1, Errors = 2, Status = 3, Size = 4, Close = 255;
    private const int BufferBytes = 32 * 1024;

    private readonly SemaphoreSlim _turn = new(1, 1);
    private int _exitCode = ExitCode.Failed;
    private bool _ended;

    /// <returns>What the process ended with.</returns>
    /// <exception cref="CliFailure">The connection broke, or the process could not be started.</exception>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        await using var terminal = tty && input ? await RawTerminal.EnterAsync(cancellationToken) : null;
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var resized = tty && !Console.IsOutputRedirected ? PosixSignalRegistration.Create(PosixSignal.SIGWINCH, _ => { var sending = SendSizeAsync(over.Token); }) : null;
        if (resized is not null)
        {
            await SendSizeAsync(over.Token);
        }

        var typing = input ? TypeAsync(over.Token) : Task.CompletedTask;
        try
        {
            await ShowAsync(over.Token);
        }
        catch (WebSocketException)
        {
            // Told below.
        }

        await over.CancelAsync();
        return _ended ? _exitCode : throw StreamDial.FailureOf(socket) ?? new CliFailure(ExitCode.Failed, socket.CloseStatusDescription is { Length: > 0 } reason ? reason : "It ended without a word about how.");
    }

    public void Dispose() => _turn.Dispose();

    private async Task ShowAsync(CancellationToken cancellationToken)
    {
        await using var output = Console.OpenStandardOutput();
        await using var errors = Console.OpenStandardError();
        var buffer = new byte[BufferBytes];
        byte channel = 0;
        for (var first = true; await socket.ReceiveAsync(buffer.AsMemory(), cancellationToken) is { MessageType: not WebSocketMessageType.Close } received; first = received.EndOfMessage)
        {
            var bytes = buffer.AsMemory(0, received.Count);
            if (first && bytes.Length > 0)
            {
                (channel, bytes) = (bytes.Span[0], bytes[1..]);
            }

            switch (channel)
            {
                case Output:
                    await output.WriteAsync(bytes, cancellationToken);
                    break;
                case Errors:
                    await errors.WriteAsync(bytes, cancellationToken);
                    break;
                case Status:
                    (_exitCode, _ended) = (ExitCodeOf(JsonRow.TryParse(Encoding.UTF8.GetString(bytes.Span))), true);
                    break;
            }
        }
    }

    private async Task TypeAsync(CancellationToken cancellationToken)
    {
        await using var source = Console.OpenStandardInput();
        var buffer = new byte[BufferBytes];
        buffer[0] = Input;
        try
        {
            while (await source.ReadAsync(buffer.AsMemory(1), cancellationToken) is > 0 and var read)
            {
                await SendAsync(buffer.AsMemory(0, read + 1), cancellationToken);
            }

            await SendAsync(new byte[] { Close, Input }, cancellationToken);
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException)
        {
            // The process has ended.
        }
    }

    private async Task SendSizeAsync(CancellationToken cancellationToken)
    {
        try
        {
            var size = new JsonObject { ["Width"] = Console.WindowWidth, ["Height"] = Console.WindowHeight };
            await SendAsync((byte[])[Size, .. Encoding.UTF8.GetBytes(size.ToJsonString())], cancellationToken);
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or IOException)
        {
            // A size that is not told is told with the next change.
        }
    }

    private async Task SendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            await socket.SendAsync(message, WebSocketMessageType.Binary, endOfMessage: true, cancellationToken);
        }
        finally
        {
            _turn.Release();
        }
    }

    private static int ExitCodeOf(JsonObject? status) =>
        status?.Text("status") == "Success" ? ExitCode.Ok
        : (status?["details"]?["causes"] as JsonArray)?.OfType<JsonObject>().FirstOrDefault(cause => cause.Text("reason") == "ExitCode")?.Text("message") is { } code
            && int.TryParse(code, System.Globalization.CultureInfo.InvariantCulture, out var number) ? number
        : ExitCode.Failed;
}
