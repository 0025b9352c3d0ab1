using Drover.Api.Agents.Streams;
using Microsoft.Extensions.Time.Testing;

namespace Drover.Api.Tests.Agents;

public sealed class GatheringTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void Burst_OfSmallPieces_WaitsAfterTheFirstFew()
    {
        var gathering = new Gathering(_time);
        Assert.DoesNotContain(Enumerable.Range(0, Gathering.Free), _ => gathering.Read(100));
        Assert.True(gathering.Read(100));
    }

    /// <summary>A burst goes on behind the pause; a silence ends it.</summary>
    [Fact]
    public void Piece_AfterASilence_PassesAtOnce()
    {
        var gathering = new Gathering(_time);
        for (var piece = 0; piece < 20; piece++)
        {
            gathering.Read(100);
        }

        _time.Advance(Gathering.Pause);
        Assert.True(gathering.Read(100));
        _time.Advance(TimeSpan.FromMilliseconds(50));
        Assert.False(gathering.Read(100));
    }

    [Fact]
    public void Pieces_ThatAreLarge_NeverWait()
    {
        var gathering = new Gathering(_time);
        Assert.DoesNotContain(Enumerable.Range(0, 100), _ => gathering.Read(16 * 1024));
    }
}
