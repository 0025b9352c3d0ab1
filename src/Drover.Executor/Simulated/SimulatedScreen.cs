using System.Buffers.Binary;
using System.IO.Pipelines;
using System.Text;
using Drover.Executor.Consoles;

namespace Drover.Executor.Simulated;

/// <summary>A screen without a machine behind it: an RFB 3.8 server (RFC 6143) with one picture, whose colour follows the last key.</summary>
internal sealed class SimulatedScreen : IConsole
{
    private const ushort Width = 320;
    private const ushort Height = 200;

    private readonly Pipe typed = new();
    private readonly Pipe shown = new(new PipeOptions(pauseWriterThreshold: 1024 * 1024, resumeWriterThreshold: 512 * 1024));
    private readonly string name;
    private readonly Task serving;
    private uint colour = 0x00336699;

    internal SimulatedScreen(string name)
    {
        this.name = name;
        serving = ServeAsync();
    }

    public async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken) => await shown.Reader.AsStream(leaveOpen: true).ReadAsync(buffer, cancellationToken);

    public async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken) => await typed.Writer.WriteAsync(bytes, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await typed.Writer.CompleteAsync();
        await shown.Reader.CompleteAsync();
        await serving;
    }

    private async Task ServeAsync()
    {
        await using var input = typed.Reader.AsStream();
        await using var output = shown.Writer.AsStream();
        try
        {
            await output.WriteAsync("RFB 003.008\n"u8.ToArray());
            await TakeAsync(input, 12);
            await output.WriteAsync(new byte[] { 1, 1 });
            await TakeAsync(input, 1);
            await output.WriteAsync(new byte[4]);
            await TakeAsync(input, 1);
            await output.WriteAsync(Greeting());
            while (true)
            {
                await AnswerAsync(input, output);
            }
        }
        catch (Exception e) when (e is EndOfStreamException or InvalidOperationException or IOException)
        {
            // Nobody looks any more.
        }
    }

    private async Task AnswerAsync(Stream input, Stream output)
    {
        switch ((await TakeAsync(input, 1))[0])
        {
            case 0:
                await TakeAsync(input, 19);
                break;
            case 2:
                await TakeAsync(input, 4 * BinaryPrimitives.ReadUInt16BigEndian((await TakeAsync(input, 3)).AsSpan(1)));
                break;
            case 3 when (await TakeAsync(input, 9))[0] == 0 || !pictured:
                pictured = true;
                await output.WriteAsync(Picture());
                break;
            case 4:
                var key = await TakeAsync(input, 7);
                colour = key[0] == 1 ? BinaryPrimitives.ReadUInt32BigEndian(key.AsSpan(3)) * 2654435761 & 0x00FFFFFF : colour;
                pictured = false;
                break;
            case 5:
                await TakeAsync(input, 5);
                break;
            case 6:
                await TakeAsync(input, (int)BinaryPrimitives.ReadUInt32BigEndian((await TakeAsync(input, 7)).AsSpan(3)));
                break;
        }
    }

    private bool pictured;

    /// <summary>Size, 32 bits a pixel (blue, green, red, nothing), name.</summary>
    private byte[] Greeting()
    {
        var title = Encoding.UTF8.GetBytes($"{name} (simulated)");
        var bytes = new byte[24 + title.Length];
        BinaryPrimitives.WriteUInt16BigEndian(bytes, Width);
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(2), Height);
        ((ReadOnlySpan<byte>)[32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0]).CopyTo(bytes.AsSpan(4));
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(20), title.Length);
        title.CopyTo(bytes, 24);
        return bytes;
    }

    private byte[] Picture()
    {
        var bytes = new byte[16 + (Width * Height * 4)];
        bytes[3] = 1;
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(8), Width);
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(10), Height);
        for (var at = 16; at < bytes.Length; at += 4)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(at), colour);
        }

        return bytes;
    }

    private static async Task<byte[]> TakeAsync(Stream input, int count)
    {
        var bytes = new byte[count];
        await input.ReadExactlyAsync(bytes);
        return bytes;
    }
}
