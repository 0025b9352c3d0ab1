using System.Text;
using Drover.Api.Agents.Streams;

namespace Drover.Api.Tests.Agents;

/// <summary>What a busy link makes of many small writes.</summary>
public sealed class StreamOutboxTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task SmallWrites_WhileTheLinkIsBusy_LeaveTogether_InOrder_AndInTurn()
    {
        var link = new LinkStreams();
        var (one, two) = (await BeginAsync(link, 1), await BeginAsync(link, 2));
        for (var line = 0; line < 200; line++)
        {
            await one.WriteAsync(Encoding.ASCII.GetBytes($"{line:000000000} line of one\n"), Token);
        }

        await two.WriteAsync("two"u8.ToArray(), Token);
        await one.EndAsync(Token);

        var frames = await SentAsync(link, 5);

        Assert.Equal(["Open 1", "Open 2", "Data 1", "Data 2", "End 1"], frames.Select(f => f.Name));
        var said = frames.Single(f => f.Name == "Data 1").Text;
        Assert.Equal(Enumerable.Range(0, 200).Select(line => $"{line:000000000} line of one"), said.Split('\n')[..^1]);
    }

    [Fact]
    public async Task Writer_WhoseBytesAreNotTaken_Waits_AndGoesOn()
    {
        var link = new LinkStreams();
        var stream = await BeginAsync(link, 1);
        var writing = WriteAsync(stream, new byte[100_000]);
        Assert.False(writing.IsCompleted);

        var frames = await SentAsync(link, 8);

        await writing;
        Assert.Equal(100_000, frames.Where(f => f.Name == "Data 1").Sum(f => f.Text.Length));
        Assert.All(frames, f => Assert.InRange(f.Text.Length, 0, StreamFrame.MaxData));
    }

    [Fact]
    public async Task Reset_ComesBehindWhatWasSaid()
    {
        var link = new LinkStreams();
        var stream = await BeginAsync(link, 1);
        await stream.WriteAsync("last words"u8.ToArray(), Token);
        stream.Reset(StreamFault.Failed, "It broke.");

        Assert.Equal(["Open 1", "Data 1", "Reset 1"], (await SentAsync(link, 3)).Select(f => f.Name));
        await Assert.ThrowsAsync<StreamResetException>(() => stream.WriteAsync("more"u8.ToArray(), Token).AsTask());
    }

    [Fact]
    public async Task Reset_ByTheOtherSide_DropsWhatWasNotSent()
    {
        var link = new LinkStreams();
        var stream = await BeginAsync(link, 1);
        await stream.WriteAsync("nobody reads this"u8.ToArray(), Token);
        link.Heard(LinkStreams.ResetFrame(1, StreamFault.Failed, "gone"));
        var next = await BeginAsync(link, 2);
        await next.WriteAsync("heard"u8.ToArray(), Token);

        Assert.Equal(["Open 1", "Open 2", "Data 2"], (await SentAsync(link, 3)).Select(f => f.Name));
    }

    /// <summary>Opened, and accepted by the other side before anything was sent.</summary>
    private static async Task<LinkStream> BeginAsync(LinkStreams link, uint number)
    {
        var opening = link.OpenAsync(new StreamTarget { Kind = StreamTarget.Docker }, Token);
        link.Heard(StreamFrame.Write(StreamFrameType.Accept, number));
        return await opening;
    }

    private static async Task WriteAsync(LinkStream stream, byte[] bytes) => await stream.WriteAsync(bytes, Token);

    private static async Task<List<(string Name, string Text)>> SentAsync(LinkStreams link, int count)
    {
        var frames = new List<(string, string)>();
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(Token);
        await link.SendAllAsync(
            (bytes, _) =>
            {
                var frame = StreamFrame.Read(bytes.Span);
                frames.Add(($"{frame.Type} {frame.Stream}", frame.Type == StreamFrameType.Data ? Encoding.ASCII.GetString(frame.Payload) : ""));
                if (frames.Count == count)
                {
                    enough.Cancel();
                }

                return ValueTask.CompletedTask;
            },
            enough.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return frames;
    }
}
