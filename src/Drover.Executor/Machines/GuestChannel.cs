using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Drover.Api.Agents;

namespace Drover.Executor.Machines;

/// <summary>Our end of the guest's channel: a Unix socket that QEMU (for its virtio-serial port) or a simulated guest connects to.</summary>
/// <remarks>We listen and they connect, so nothing has to be waited for, and a QEMU whose executor died meanwhile ends at once.
/// The guest is not trusted: lines are bounded, what is no message is skipped, and a guest that does not read costs five seconds.</remarks>
internal sealed class GuestChannel : IGuestChannel, IDisposable
{
    internal const string SocketName = "agent.sock";
    private static readonly TimeSpan SendTime = TimeSpan.FromSeconds(5);

    private readonly Socket listener;
    private readonly TimeProvider time;
    private readonly SemaphoreSlim sending = new(1);
    private readonly TaskCompletionSource arrived = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile NetworkStream? connected;

    internal GuestChannel(string sandbox, TimeProvider time)
    {
        listener = SandboxSocket.Listen(sandbox, SocketName);
        this.time = time;
    }

    public Task Connected => arrived.Task;

    public async IAsyncEnumerable<GuestMessage> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (true)
        {
            using var socket = await listener.AcceptAsync(cancellationToken);
            await using var stream = new NetworkStream(socket);
            connected = stream;
            arrived.TrySetResult();
            var lines = new LineReader(stream, GuestMessage.MaxLineBytes);
            while (await NextLineAsync(lines, cancellationToken) is { } line)
            {
                if (Parse(line.Span) is { } message)
                {
                    yield return message;
                }
            }

            connected = null;
        }
    }

    public async Task<bool> SendAsync(GuestMessage message, CancellationToken cancellationToken)
    {
        // A guest that does not take what it was told already is told no more meanwhile: it says hello again anyway.
        if (connected is not { } stream || !sending.Wait(0, CancellationToken.None))
        {
            return false;
        }

        using var limit = new CancellationTokenSource(SendTime, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            var line = JsonSerializer.SerializeToUtf8Bytes(message, AgentJson.Default.GuestMessage);
            await stream.WriteAsync((byte[])[.. line, (byte)'\n'], either.Token);
            return true;
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException || (e is OperationCanceledException && limit.IsCancellationRequested))
        {
            return false;
        }
        finally
        {
            sending.Release();
        }
    }

    public void Dispose()
    {
        listener.Dispose();
        connected?.Dispose();
    }

    /// <summary>Null for what is no message, which the contract says to skip.</summary>
    internal static GuestMessage? Parse(ReadOnlySpan<byte> line)
    {
        try
        {
            return JsonSerializer.Deserialize(line, AgentJson.Default.GuestMessage);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static async Task<ReadOnlyMemory<byte>?> NextLineAsync(LineReader lines, CancellationToken cancellationToken)
    {
        try
        {
            return await lines.ReadAsync(cancellationToken);
        }
        catch (IOException)
        {
            return null;
        }
    }
}
