using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Text.Json;
using Drover.Executor.Machines;
using Drover.Executor.Processes;

namespace Drover.Executor.Qemu;

/// <summary>QEMU's monitor (QEMU, docs/interop/qmp-spec.rst): commands with answers, and events in between, as lines of JSON.</summary>
/// <remarks>When the connection ends, so do all waiting commands, with an <see cref="IOException"/>.</remarks>
internal sealed class QmpClient : IAsyncDisposable
{
    private const int MaxLineBytes = 4 * 1024 * 1024;
    private static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(10);

    private readonly Stream stream;
    private readonly TimeProvider time;
    private readonly Action<string, JsonElement> happened;
    private readonly ConcurrentDictionary<long, TaskCompletionSource<JsonElement>> waiting = [];
    private readonly SemaphoreSlim writing = new(1);
    private readonly CancellationTokenSource closed = new();
    private readonly LineReader lines;
    private Task reading = Task.CompletedTask;
    private long lastId;

    private QmpClient(Stream stream, TimeProvider time, Action<string, JsonElement> happened)
    {
        this.stream = stream;
        this.time = time;
        this.happened = happened;
        lines = new LineReader(stream, MaxLineBytes);
    }

    /// <summary>Reads the greeting and enables commands.</summary>
    /// <param name="happened">Gets name and data of each event, on the reading loop: do not block.</param>
    /// <exception cref="MachineException">What is at the other end is no QMP.</exception>
    /// <exception cref="IOException">The connection ended.</exception>
    internal static async Task<QmpClient> OpenAsync(Stream stream, TimeProvider time, Action<string, JsonElement> happened, CancellationToken cancellationToken)
    {
        var client = new QmpClient(stream, time, happened);
        try
        {
            var greeting = await client.lines.ReadAsync(cancellationToken) ?? throw new IOException("QEMU's monitor closed before its greeting.");
            if (Parse(greeting) is not { } hello || !hello.TryGetProperty("QMP", out _))
            {
                throw new MachineException("QEMU's monitor sent no QMP greeting.");
            }

            client.reading = client.ReadAsync();
            await client.ExecuteAsync("qmp_capabilities", null, cancellationToken);
            return client;
        }
        catch
        {
            await client.DisposeAsync();
            throw;
        }
    }

    /// <summary>Runs a command and returns its answer.</summary>
    /// <param name="arguments">Writes the members of the arguments' object.</param>
    /// <exception cref="MachineException">QEMU refused, or did not answer in ten seconds.</exception>
    /// <exception cref="IOException">The connection ended.</exception>
    internal Task<JsonElement> ExecuteAsync(string command, Action<Utf8JsonWriter>? arguments, CancellationToken cancellationToken) =>
        ExecuteAsync(command, arguments, null, cancellationToken);

    /// <param name="descriptor">Goes to QEMU with the command; it stays open here.</param>
    internal async Task<JsonElement> ExecuteAsync(string command, Action<Utf8JsonWriter>? arguments, int? descriptor, CancellationToken cancellationToken)
    {
        var id = Interlocked.Increment(ref lastId);
        var answer = new TaskCompletionSource<JsonElement>(TaskCreationOptions.RunContinuationsAsynchronously);
        waiting[id] = answer;
        using var limit = new CancellationTokenSource(AnswerTime, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            await SendAsync(Message(id, command, arguments), descriptor, either.Token);
            return await answer.Task.WaitAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new MachineException($"QEMU's monitor did not answer '{command}' within {AnswerTime.TotalSeconds:0} seconds.");
        }
        finally
        {
            waiting.TryRemove(id, out _);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await closed.CancelAsync();
        await stream.DisposeAsync();
        await reading;
        closed.Dispose();
        writing.Dispose();
    }

    private async Task SendAsync(byte[] line, int? descriptor, CancellationToken cancellationToken)
    {
        await writing.WaitAsync(cancellationToken);
        try
        {
            if (reading.IsCompleted)
            {
                throw new IOException("QEMU's monitor is closed.");
            }

            var sent = descriptor is { } passed && stream is NetworkStream { Socket: var socket } ? DescriptorPassing.Send(socket, line, passed) : 0;
            await stream.WriteAsync(line.AsMemory(sent), cancellationToken);
        }
        finally
        {
            writing.Release();
        }
    }

    private static byte[] Message(long id, string command, Action<Utf8JsonWriter>? arguments)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("execute", command);
            if (arguments is not null)
            {
                json.WriteStartObject("arguments");
                arguments(json);
                json.WriteEndObject();
            }

            json.WriteNumber("id", id);
            json.WriteEndObject();
        }

        buffer.WriteByte((byte)'\n');
        return buffer.ToArray();
    }

    private async Task ReadAsync()
    {
        await Task.Yield();
        Exception end = new IOException("QEMU's monitor closed.");
        try
        {
            while (await lines.ReadAsync(closed.Token) is { } line)
            {
                if (Parse(line) is { } message)
                {
                    Handle(message);
                }
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or OperationCanceledException)
        {
            end = new IOException("QEMU's monitor closed.", e);
        }

        foreach (var answer in waiting.Values)
        {
            answer.TrySetException(end);
        }
    }

    private void Handle(JsonElement message)
    {
        if (message.TryGetProperty("event", out var name))
        {
            happened(name.GetString() ?? "", message.TryGetProperty("data", out var data) ? data : default);
            return;
        }

        if (!message.TryGetProperty("id", out var id) || !id.TryGetInt64(out var number) || !waiting.TryGetValue(number, out var answer))
        {
            return;
        }

        if (message.TryGetProperty("return", out var result))
        {
            answer.TrySetResult(result);
        }
        else
        {
            var description = message.TryGetProperty("error", out var error) && error.TryGetProperty("desc", out var text) ? text.GetString() : message.GetRawText();
            answer.TrySetException(new MachineException($"QEMU refused: {description}"));
        }
    }

    private static JsonElement? Parse(ReadOnlyMemory<byte> line)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            return document.RootElement.ValueKind == JsonValueKind.Object ? document.RootElement.Clone() : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
