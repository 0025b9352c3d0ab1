using Drover.Agent.Guest;
using Drover.Agent.Session;
using Drover.Agent.Tests.Fakes;
using Drover.Api.Agents;

namespace Drover.Agent.Tests.Session;

public sealed class GuestOrdersTests
{
    /// <summary>A request's own limit shows as a cancellation too; nobody would hear of it.</summary>
    [Fact]
    public async Task Inspect_ThatDockerDoesNotAnswerInTime_IsAnsweredWithThat()
    {
        var guest = new ChangingGuest(new SimulatedGuest(TimeProvider.System, new Random(1))) { Inspecting = _ => throw new OperationCanceledException("Docker did not answer containers/create in time") };

        var answer = await Orders(guest).FollowAsync(new() { Type = GuestMessage.Inspect }, TestContext.Current.CancellationToken);

        Assert.Equal("Docker did not answer containers/create in time", answer!.Facts!["error"]);
    }

    [Fact]
    public async Task Inspect_WhileTheAgentStops_IsGivenUp()
    {
        using var stop = new CancellationTokenSource();
        var guest = new ChangingGuest(new SimulatedGuest(TimeProvider.System, new Random(1)))
        {
            Inspecting = async token =>
            {
                await stop.CancelAsync();
                token.ThrowIfCancellationRequested();
                return new Dictionary<string, string>();
            },
        };

        await Assert.ThrowsAsync<OperationCanceledException>(() => Orders(guest).FollowAsync(new() { Type = GuestMessage.Inspect }, stop.Token));
    }

    /// <summary>An inspection touches neither channel, link nor store.</summary>
    private static GuestOrders Orders(IGuest guest) => new(guest, null!, null!, null!, new AgentLog(TextWriter.Null));
}
