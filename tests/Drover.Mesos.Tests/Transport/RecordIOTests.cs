using System.Buffers;
using System.Text;
using Drover.Mesos.V1.Scheduler;

namespace Drover.Mesos.Tests.Transport;

public sealed class RecordIOTests
{
    [Fact]
    public async Task ReadAsync_EveryChunkSize_GivesTheSameMessages()
    {
        // Names of several bytes per character, so that chunks cut characters, and lengths of several digits, so that chunks cut length lines.
        var sent = Enumerable.Range(0, 12).Select(i => Message(new string('ä', i * 7) + "€漢")).ToList();
        var bytes = Encode(sent);
        foreach (var size in (int[])[1, 2, 3, 7, 64, bytes.Length])
        {
            var got = await ReadAsync(new ChunkedStream(bytes, size));
            Assert.Equal(sent, got);
        }
    }

    [Fact]
    public async Task ReadAsync_EmptyRecord_IsIgnored()
    {
        var bytes = Encoding.ASCII.GetBytes("0\n").Concat(Encode([Message("x")])).ToArray();
        Assert.Single(await ReadAsync(new ChunkedStream(bytes, 1)));
    }

    [Theory]
    [InlineData("x\n")]
    [InlineData("\n")]
    [InlineData("-1\n")]
    [InlineData(" 1\n")]
    [InlineData("123456789012345678901\n")]
    [InlineData("99999999999999999999999")]
    [InlineData("1001\n")]
    [InlineData("3\nabc")]
    [InlineData("10\nabc")]
    [InlineData("10")]
    public async Task ReadAsync_BrokenFraming_IsAnError(string text) =>
        await Assert.ThrowsAsync<RecordFormatException>(() => ReadAsync(new MemoryStream(Encoding.ASCII.GetBytes(text)), maxRecordBytes: 1000));

    [Fact]
    public async Task ReadAsync_CleanEnd_EndsWithoutError() => Assert.Empty(await ReadAsync(new MemoryStream()));

    private static Event Message(string text) => new() { Type = Event.Types.Type.Error, Error = new() { Message = text } };

    private static byte[] Encode(IEnumerable<Event> messages)
    {
        var writer = new ArrayBufferWriter<byte>();
        foreach (var message in messages)
        {
            RecordIO.Write(writer, message);
        }

        return writer.WrittenSpan.ToArray();
    }

    private static async Task<List<Event>> ReadAsync(Stream stream, int maxRecordBytes = 1 << 20)
    {
        var messages = new List<Event>();
        await foreach (var message in RecordIO.ReadAsync(stream, Event.Parser, maxRecordBytes, TestContext.Current.CancellationToken))
        {
            messages.Add(message);
        }

        return messages;
    }

    /// <summary>Gives at most so many bytes per read.</summary>
    private sealed class ChunkedStream(byte[] bytes, int size) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(size, buffer.Length)], cancellationToken);
    }
}
