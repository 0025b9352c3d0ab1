using System.Net.WebSockets;
using Drover.Agent.Session;
using Drover.Agent.Tests.Fakes;
using Drover.Api.Agents;

namespace Drover.Agent.Tests.Session;

public sealed class AgentLinkTests : IAsyncLifetime
{
    private LinkHarness _h = null!;

    public async ValueTask InitializeAsync() => _h = await LinkHarness.StartAsync(Cancel);

    public ValueTask DisposeAsync() => _h.DisposeAsync();

    [Fact]
    public async Task Open_WithKeys_SaysHelloWithFactsAndTakesTheWelcome()
    {
        var opening = _h.Link.OpenAsync(_h.State, _h.Identity, Cancel);
        using var link = await _h.Server.LinkAsync(Cancel);
        var hello = await link.NextAsync(null, Cancel);
        Assert.Equal((LinkMessage.Hello, LinkMessage.CurrentProtocol, AgentVersion.Text), (hello!.Type, hello.Protocol, hello.Version));
        Assert.Equal(("u-1", "u-1", "web-1", "10.0.2.15", "20.10"), (hello.Host!.Uuid, hello.Host.PhysicalHostUuid, hello.Host.Hostname, hello.Host.Address, hello.Host.DockerVersion));
        await link.SendTextAsync("garbage", Cancel);
        await link.SendTextAsync("{\"type\":\"later-invention\"}", Cancel);
        await link.WelcomeAsync(Cancel);
        using var up = Assert.IsType<LinkOutcome.Up>(await opening).Connection;
        Assert.Equal("ACCESS1a1:secret1a1", link.User);
    }

    [Fact]
    public async Task Open_WithRefusedKeys_IsRefused()
    {
        _h.Server.KeysRefused = true;
        Assert.IsType<LinkOutcome.Refused>(await _h.Link.OpenAsync(_h.State, _h.Identity, Cancel));
    }

    [Theory]
    [InlineData(500)]
    [InlineData(404)]
    public async Task Open_AtAServerInTrouble_IsLost(int status)
    {
        _h.Server.Broken = status;
        Assert.IsType<LinkOutcome.Lost>(await _h.Link.OpenAsync(_h.State, _h.Identity, Cancel));
    }

    [Theory]
    [InlineData(LinkMessage.CloseGone, typeof(LinkOutcome.Gone))]
    [InlineData(LinkMessage.CloseProtocol, typeof(LinkOutcome.OtherProtocol))]
    [InlineData(1001, typeof(LinkOutcome.Lost))]
    public async Task Open_ClosedInsteadOfAWelcome_EndsByTheCode(int code, Type expected)
    {
        var opening = _h.Link.OpenAsync(_h.State, _h.Identity, Cancel);
        using var link = await _h.Server.LinkAsync(Cancel);
        await link.CloseAsync(code, Cancel);
        Assert.IsType(expected, await opening);
    }

    [Fact]
    public async Task Open_WelcomeOfAnotherProtocol_IsSaid()
    {
        var opening = _h.Link.OpenAsync(_h.State, _h.Identity, Cancel);
        using var link = await _h.Server.LinkAsync(Cancel);
        await link.SendAsync(new LinkMessage { Type = LinkMessage.Welcome, Protocol = 99 }, Cancel);
        Assert.Contains("99", Assert.IsType<LinkOutcome.OtherProtocol>(await opening).Cause, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Open_NoWelcome_GivesUpAfterTwentySeconds()
    {
        var opening = _h.Link.OpenAsync(_h.State, _h.Identity, Cancel);
        using var link = await _h.Server.LinkAsync(Cancel);
        await link.NextAsync(LinkMessage.Hello, Cancel);
        _h.Time.Advance(TimeSpan.FromSeconds(21));
        Assert.Contains("within 20 s", Assert.IsType<LinkOutcome.Lost>(await opening).Cause, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Serve_Standing_SendsLoadEveryFewSeconds()
    {
        var (agent, link) = await _h.OpenAsync(Cancel);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var serving = _h.Link.ServeAsync(agent, _h.Identity, stop.Token);
        var first = await link.NextAsync(LinkMessage.Load, Cancel);
        _h.Time.Advance(TimeSpan.FromSeconds(5));
        var second = await link.NextAsync(LinkMessage.Load, Cancel);
        Assert.Equal(TimeSpan.FromSeconds(5), second!.Sample!.At - first!.Sample!.At);

        await stop.CancelAsync();
        Assert.Null(await link.NextAsync("none", Cancel));
        Assert.Equal(WebSocketCloseStatus.NormalClosure, link.CloseStatus);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => serving);
    }

    [Fact]
    public async Task Serve_FactsChanged_AreSentOnce()
    {
        var (agent, link) = await _h.OpenAsync(Cancel);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var serving = _h.Link.ServeAsync(agent, _h.Identity, stop.Token);
        await link.NextAsync(LinkMessage.Load, Cancel);
        for (var looks = 0; looks < 5; looks++)
        {
            // The load is reported anew in each of them, and so are facts that changed.
            _h.Time.Advance(TimeSpan.FromSeconds(30));
            await _h.SpeakAsync(agent, link, Cancel);
            await link.NextAsync(LinkMessage.Load, Cancel);
        }

        Assert.DoesNotContain(LinkMessage.Facts, link.Received);
        _h.Guest.DockerVersion = null;
        _h.Time.Advance(TimeSpan.FromSeconds(30));
        var facts = await link.NextAsync(LinkMessage.Facts, Cancel);
        Assert.Null(facts!.Host!.DockerVersion);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => serving);
    }

    [Fact]
    public async Task Serve_Pinged_AnswersPong()
    {
        var (agent, link) = await _h.OpenAsync(Cancel);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var serving = _h.Link.ServeAsync(agent, _h.Identity, stop.Token);
        await link.SendAsync(new LinkMessage { Type = LinkMessage.Ping }, Cancel);
        Assert.NotNull(await link.NextAsync(LinkMessage.Pong, Cancel));
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => serving);
    }

    [Fact]
    public async Task Serve_SilentServer_IsPingedAndThenGivenUp()
    {
        var (agent, link) = await _h.OpenAsync(Cancel);
        var started = _h.Time.GetUtcNow();
        var serving = _h.Link.ServeAsync(agent, _h.Identity, Cancel);
        var ping = link.NextAsync(LinkMessage.Ping, Cancel);
        await _h.AdvanceUntilAsync(ping);
        Assert.True(_h.Time.GetUtcNow() - started >= TimeSpan.FromSeconds(15));
        await _h.AdvanceUntilAsync(serving);
        Assert.Contains("silent for 45 s", Assert.IsType<LinkOutcome.Lost>(await serving).Cause, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Serve_ServerThatAnswersPings_IsKept()
    {
        var (agent, link) = await _h.OpenAsync(Cancel);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var serving = _h.Link.ServeAsync(agent, _h.Identity, stop.Token);
        for (var i = 0; i < 5; i++)
        {
            var ping = link.NextAsync(LinkMessage.Ping, Cancel);
            await _h.AdvanceUntilAsync(ping);
            await _h.SpeakAsync(agent, link, Cancel);
        }

        Assert.False(serving.IsCompleted); // 75 s and more without a word but pongs
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => serving);
    }

    [Theory]
    [InlineData(LinkMessage.CloseGone, typeof(LinkOutcome.Gone))]
    [InlineData(1012, typeof(LinkOutcome.Lost))]
    public async Task Serve_Closed_EndsByTheCode(int code, Type expected)
    {
        var (agent, link) = await _h.OpenAsync(Cancel);
        var serving = _h.Link.ServeAsync(agent, _h.Identity, Cancel);
        await link.CloseAsync(code, Cancel);
        Assert.IsType(expected, await serving);
    }

    [Fact]
    public async Task Serve_LineCut_IsLost()
    {
        var (agent, link) = await _h.OpenAsync(Cancel);
        var serving = _h.Link.ServeAsync(agent, _h.Identity, Cancel);
        link.Cut();
        Assert.IsType<LinkOutcome.Lost>(await serving);
    }

    [Fact]
    public async Task Serve_HugeFrame_IsPassedOver()
    {
        var (agent, link) = await _h.OpenAsync(Cancel);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var serving = _h.Link.ServeAsync(agent, _h.Identity, stop.Token);
        await link.SendTextAsync(new string('x', LinkConnection.MaxFrameBytes * 2), Cancel);
        await link.SendAsync(new LinkMessage { Type = LinkMessage.Ping }, Cancel);
        Assert.NotNull(await link.NextAsync(LinkMessage.Pong, Cancel));
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => serving);
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;
}
