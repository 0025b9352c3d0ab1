namespace Drover.Executor.Consoles;

/// <summary>One person's hold of a machine's console: bytes both ways. Ends when it is disposed of, or when the machine ends it: then reads return 0.</summary>
internal interface IConsole : IAsyncDisposable
{
    ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken);

    ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken);
}

/// <summary>A console that is a stream.</summary>
internal sealed class StreamConsole(Stream stream) : IConsole
{
    public async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        try
        {
            return await stream.ReadAsync(buffer, cancellationToken);
        }
        catch (IOException)
        {
            // The machine's side is gone.
            return 0;
        }
    }

    public ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken) => stream.WriteAsync(bytes, cancellationToken);

    public ValueTask DisposeAsync() => stream.DisposeAsync();
}
