using System.Security.Cryptography;
using Drover.Api.Agents.Streams;
using FsCheck.Xunit;

namespace Drover.Api.Tests.Agents;

public sealed class LinkStreamsTests
{
    private static readonly StreamTarget s_docker = new() { Kind = StreamTarget.Docker };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Streams_ManyAtOnce_CarryTheirOwnBytesBothWays()
    {
        await using var pair = new LinkPair(EchoAsync);

        await Task.WhenAll(Enumerable.Range(0, 200).Select(async i =>
        {
            await using var stream = await pair.Server.OpenAsync(s_docker, Token);
            var sent = RandomNumberGenerator.GetBytes(i * 5000);
            var writing = WriteAllAsync(stream, sent);
            Assert.Equal(sent, await ReadAllAsync(stream));
            await writing;
        }));

        await pair.UntilNoneAsync(Token);
    }

    [Fact]
    public async Task Reader_ThatDoesNotRead_StopsItsWriterAndNobodyElse()
    {
        var written = 0;
        await using var pair = new LinkPair(async stream =>
        {
            stream.Accept();
            if (stream.Number == 1)
            {
                while (true)
                {
                    await stream.WriteAsync(new byte[1000], Token);
                    Interlocked.Add(ref written, 1000);
                }
            }

            await EchoAcceptedAsync(stream);
        });
        await using var slow = await pair.Server.OpenAsync(s_docker, Token);
        await using var quick = await pair.Server.OpenAsync(s_docker, Token);

        var sent = RandomNumberGenerator.GetBytes(3 << 20);
        var writing = WriteAllAsync(quick, sent);
        Assert.Equal(sent, await ReadAllAsync(quick));
        await writing;

        Assert.InRange(Volatile.Read(ref written), 0, LinkStream.Window);
        var before = Volatile.Read(ref written);
        await slow.ReadExactlyAsync(new byte[LinkStream.Window], Token);
        await LinkPair.UntilAsync(() => Volatile.Read(ref written) > before, Token);
    }

    [Fact]
    public async Task End_OfOneDirection_LeavesTheOther()
    {
        await using var pair = new LinkPair(async stream =>
        {
            stream.Accept();
            var all = await ReadAllAsync(stream);
            await stream.WriteAsync(all.Reverse().ToArray(), Token);
            await stream.EndAsync(Token);
        });
        await using var stream = await pair.Server.OpenAsync(s_docker, Token);

        await WriteAllAsync(stream, [1, 2, 3]);

        Assert.Equal([3, 2, 1], await ReadAllAsync(stream));
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await stream.WriteAsync(new byte[1], Token));
        await pair.UntilNoneAsync(Token);
    }

    [Fact]
    public async Task Target_ThatIsRefused_SaysWhy()
    {
        await using var pair = new LinkPair(stream =>
        {
            stream.Reset(StreamFault.Refused, "No such target.");
            return Task.CompletedTask;
        });

        var refused = await Assert.ThrowsAsync<StreamResetException>(() => pair.Server.OpenAsync(new StreamTarget { Kind = "files" }, Token));

        Assert.Equal((StreamFault.Refused, "No such target."), (refused.Fault, refused.Message));
        await pair.UntilNoneAsync(Token);
    }

    [Fact]
    public async Task Stream_LetGo_IsResetOnTheOtherSide()
    {
        var seen = new TaskCompletionSource<Exception>();
        await using var pair = new LinkPair(async stream =>
        {
            stream.Accept();
            seen.SetResult((await Record.ExceptionAsync(async () => await stream.ReadExactlyAsync(new byte[1], Token)))!);
        });

        await (await pair.Server.OpenAsync(s_docker, Token)).DisposeAsync();

        Assert.Equal(StreamFault.Cancelled, Assert.IsType<StreamResetException>(await seen.Task.WaitAsync(Token)).Fault);
        await pair.UntilNoneAsync(Token);
    }

    [Fact]
    public async Task Link_ThatBreaks_EndsAllStreamsWithItsReason()
    {
        await using var pair = new LinkPair(EchoAsync);
        await using var reading = await pair.Server.OpenAsync(s_docker, Token);
        await using var writing = await pair.Server.OpenAsync(s_docker, Token);
        var read = reading.ReadAsync(new byte[1], Token).AsTask();

        pair.Server.End("The link to the host was lost.");

        Assert.Equal("The link to the host was lost.", (await Assert.ThrowsAsync<StreamResetException>(() => read)).Message);
        await Assert.ThrowsAsync<StreamResetException>(async () => await writing.WriteAsync(new byte[1 << 20], Token));
        await Assert.ThrowsAsync<StreamResetException>(() => pair.Server.OpenAsync(s_docker, Token));
    }

    [Fact]
    public async Task Streams_MoreThanTheLimit_AreRefused()
    {
        await using var pair = new LinkPair(EchoAsync);
        var open = new List<LinkStream>();
        for (var i = 0; i < LinkStreams.MaxStreams; i++)
        {
            open.Add(await pair.Server.OpenAsync(s_docker, Token));
        }

        Assert.Equal(StreamFault.Limit, (await Assert.ThrowsAsync<StreamResetException>(() => pair.Server.OpenAsync(s_docker, Token))).Fault);

        await open[0].DisposeAsync();
        await using var again = await pair.Server.OpenAsync(s_docker, Token);
        foreach (var stream in open)
        {
            await stream.DisposeAsync();
        }
    }

    [Property(MaxTest = 500)]
    public void Heard_AnyFrames_AreTakenOrBreakTheProtocol(byte[][] frames)
    {
        var side = new LinkStreams(stream => stream.ReadAsync(new byte[10], Token).AsTask());
        foreach (var frame in frames)
        {
            try
            {
                side.Heard(frame);
            }
            catch (StreamProtocolException)
            {
                return;
            }
        }
    }

    [Fact]
    public void Heard_MoreThanTheWindow_BreaksTheProtocol()
    {
        var side = new LinkStreams(_ => Task.Delay(Timeout.Infinite, Token));
        side.Heard(StreamFrame.Write(StreamFrameType.Open, 1, """{"kind":"docker"}"""u8));
        for (var i = 0; i < LinkStream.Window / StreamFrame.MaxData; i++)
        {
            side.Heard(StreamFrame.Write(StreamFrameType.Data, 1, new byte[StreamFrame.MaxData]));
        }

        Assert.Throws<StreamProtocolException>(() => side.Heard(StreamFrame.Write(StreamFrameType.Data, 1, new byte[1])));
    }

    [Theory]
    [InlineData(1, 1u)]
    [InlineData(1, 0u)]
    [InlineData(3, 2u)]
    [InlineData(4, 2u)]
    [InlineData(9, 1u)]
    public void Heard_FramesOutOfOrder_BreakTheProtocol(byte type, uint stream)
    {
        var side = new LinkStreams(_ => Task.Delay(Timeout.Infinite, Token));
        side.Heard(StreamFrame.Write(StreamFrameType.Open, 1, """{"kind":"docker"}"""u8));

        Assert.Throws<StreamProtocolException>(() => side.Heard(StreamFrame.Write((StreamFrameType)type, stream, [0, 0, 0, 1])));
    }

    private static Task EchoAsync(LinkStream stream)
    {
        stream.Accept();
        return EchoAcceptedAsync(stream);
    }

    private static async Task EchoAcceptedAsync(LinkStream stream)
    {
        await stream.CopyToAsync(stream, Token);
        await stream.EndAsync(Token);
    }

    private static async Task WriteAllAsync(LinkStream stream, byte[] bytes)
    {
        await stream.WriteAsync(bytes, Token);
        await stream.EndAsync(Token);
    }

    private static async Task<byte[]> ReadAllAsync(LinkStream stream)
    {
        using var all = new MemoryStream();
        await stream.CopyToAsync(all, Token);
        return all.ToArray();
    }
}
