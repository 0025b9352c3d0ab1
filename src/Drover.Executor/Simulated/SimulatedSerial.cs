using System.IO.Pipelines;
using System.Text;
using Drover.Executor.Consoles;

namespace Drover.Executor.Simulated;

/// <summary>A serial port with nobody behind it: says so, and gives back what is typed.</summary>
internal sealed class SimulatedSerial : IConsole
{
    private readonly Pipe said = new(new PipeOptions(pauseWriterThreshold: 64 * 1024, useSynchronizationContext: false));

    private ReadOnlyMemory<byte> greeting;

    internal SimulatedSerial(string name) => greeting = Encoding.UTF8.GetBytes($"[simulated] the serial port of {name}: no guest reads it, it gives back what you type\r\n");

    public async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        if (greeting.IsEmpty)
        {
            return await said.Reader.AsStream(leaveOpen: true).ReadAsync(buffer, cancellationToken);
        }

        var count = Math.Min(greeting.Length, buffer.Length);
        greeting[..count].CopyTo(buffer);
        greeting = greeting[count..];
        return count;
    }

    public async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken) => await said.Writer.WriteAsync(bytes, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await said.Writer.CompleteAsync();
        await said.Reader.CompleteAsync();
    }
}
