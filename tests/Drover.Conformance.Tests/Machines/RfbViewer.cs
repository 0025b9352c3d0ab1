using System.Buffers.Binary;
using System.Text;

namespace Drover.Conformance.Tests.Machines;

/// <summary>As much of an RFB 3.8 viewer (RFC 6143) as shows that a screen is one.</summary>
internal static class RfbViewer
{
    /// <summary>The whole handshake, without authentication.</summary>
    internal static async Task<(int Width, int Height, string Name)> GreetAsync(ConsoleEnd screen, CancellationToken token)
    {
        Assert.Equal("RFB 003.008\n", Encoding.ASCII.GetString(await screen.ReadAsync(12, token)));
        await screen.WriteAsync("RFB 003.008\n"u8.ToArray(), token);
        var types = await screen.ReadAsync((await screen.ReadAsync(1, token))[0], token);
        Assert.Contains((byte)1, types);
        await screen.WriteAsync(new byte[] { 1 }, token);
        Assert.Equal(new byte[4], await screen.ReadAsync(4, token));
        await screen.WriteAsync(new byte[] { 1 }, token);
        var hello = await screen.ReadAsync(24, token);
        var name = await screen.ReadAsync(BinaryPrimitives.ReadInt32BigEndian(hello.AsSpan(20)), token);
        return (BinaryPrimitives.ReadUInt16BigEndian(hello), BinaryPrimitives.ReadUInt16BigEndian(hello.AsSpan(2)), Encoding.UTF8.GetString(name));
    }

    /// <summary>The first rectangle of the whole picture, uncompressed.</summary>
    internal static async Task<byte[]> PictureAsync(ConsoleEnd screen, CancellationToken token)
    {
        await screen.WriteAsync(new byte[] { 3, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF }, token);
        var update = await screen.ReadAsync(16, token);
        Assert.Equal(0, update[0]);
        Assert.Equal(0, BinaryPrimitives.ReadInt32BigEndian(update.AsSpan(12)));
        return await screen.ReadAsync(4 * BinaryPrimitives.ReadUInt16BigEndian(update.AsSpan(8)) * BinaryPrimitives.ReadUInt16BigEndian(update.AsSpan(10)), token);
    }
}
