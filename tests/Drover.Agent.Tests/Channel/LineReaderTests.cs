using System.Text;
using Drover.Agent.Channel;
using Drover.Api.Agents;

namespace Drover.Agent.Tests.Channel;

public sealed class LineReaderTests
{
    [Fact]
    public async Task Lines_InOddPieces_BecomeMessages()
    {
        var reader = new LineReader(new PieceStream("{\"type\":\"hello\"}\n{\"type\":\"st", "age\",\"stageName\":\"docker\"}\r\n\n"));
        Assert.Equal("hello", (await NextAsync(reader))!.Type);
        Assert.Equal("docker", (await NextAsync(reader))!.StageName);
        Assert.Null(await NextAsync(reader));
        Assert.Equal(0, reader.Skipped);
    }

    [Theory]
    [InlineData("not json")]
    [InlineData("{\"type\":null}")]
    [InlineData("{}")]
    [InlineData("[1,2]")]
    [InlineData("null")]
    [InlineData("{\"type\":\"hello\"")]
    [InlineData("{\"type\":\"hello\",\"protocol\":\"x\"}")]
    [InlineData("\u0000\u0001\ufffd")]
    public async Task Line_ThatIsNoMessage_IsSkipped(string line)
    {
        var reader = new LineReader(new PieceStream(line + "\n{\"type\":\"ready\"}\n"));
        Assert.Equal("ready", (await NextAsync(reader))!.Type);
        Assert.Equal(1, reader.Skipped);
    }

    [Fact]
    public async Task Line_TooLong_IsSkippedAndTheNextIsRead()
    {
        var reader = new LineReader(new PieceStream(new string('x', (2 * GuestMessage.MaxLineBytes) + 17), "tail\n{\"type\":\"ready\"}\n"));
        Assert.Equal("ready", (await NextAsync(reader))!.Type);
        Assert.Equal(1, reader.Skipped);
    }

    [Fact]
    public async Task Line_OfTheLongestLength_IsRead()
    {
        var start = "{\"type\":\"stage\",\"message\":\"";
        var line = start + new string('x', GuestMessage.MaxLineBytes - start.Length - 3) + "\"}\n";
        Assert.Equal(GuestMessage.MaxLineBytes, line.Length);
        Assert.Equal("stage", (await NextAsync(new LineReader(new PieceStream(line))))!.Type);
    }

    private static Task<GuestMessage?> NextAsync(LineReader reader) => reader.ReadAsync(TestContext.Current.CancellationToken);

    /// <summary>Gives one piece per read, as a socket may.</summary>
    private sealed class PieceStream(params string[] pieces) : MemoryStream
    {
        private readonly Queue<byte> _bytes = new(pieces.SelectMany(Encoding.UTF8.GetBytes));
        private readonly int _piece = Encoding.UTF8.GetByteCount(pieces[0]);

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var count = Math.Min(Math.Min(buffer.Length, _piece), _bytes.Count);
            for (var i = 0; i < count; i++)
            {
                buffer.Span[i] = _bytes.Dequeue();
            }

            return ValueTask.FromResult(count);
        }
    }
}
