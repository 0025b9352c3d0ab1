using Drover.Executor.Machines;
using Drover.Executor.Networking;

namespace Drover.Executor.Tests.Networking;

public sealed class SegmentTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Machines_OfOneEnvironment_ShareAGroupAndNoAddress()
    {
        using var state = new TestFolder();
        var (a1, a2, b1) = (Machine(state, 1, "1a5"), Machine(state, 2, "1a5"), Machine(state, 3, "1a6"));

        var ports = new[] { await a1.PrepareAsync(new Words(), Token), await a2.PrepareAsync(new Words(), Token), await b1.PrepareAsync(new Words(), Token) };

        var uses = new NetworkFolder(state.Path).Read().Select(found => found.Use).OrderBy(use => use.Name, StringComparer.Ordinal).ToList();
        Assert.Equal(uses[0].Group, uses[1].Group);
        Assert.NotEqual(uses[0].Group, uses[2].Group);
        Assert.NotEqual(uses[0].Address, uses[1].Address);
        Assert.All(ports, port => Assert.Equal(2, port.Cards.Count));
        Assert.Equal($"{uses[0].Address}/16", ports[0].Guest.Cards[0].Address);
        Assert.Equal(ports[0].Cards[1].Mac, ports[0].Guest.Cards[0].Mac);
        Assert.Contains($"\"mcast\":\"{uses[0].Group}:28190\"", ports[0].Cards[1].Arguments()[1], StringComparison.Ordinal);

        foreach (var machine in new[] { a1, a2, b1 })
        {
            await machine.RemoveAsync();
        }

        Assert.Empty(new NetworkFolder(state.Path).Read());
    }

    [Fact]
    public async Task Machine_WithoutEnvironment_HasOneCardOnly()
    {
        using var state = new TestFolder();
        Assert.Single((await Machine(state, 1, null).PrepareAsync(new Words(), Token)).Cards);
    }

    [Fact]
    public async Task Spare_ThatIsClaimed_GetsTheCardsOfItsMachine()
    {
        using var state = new TestFolder();
        var spare = Machine(state, 1, null);
        await spare.PrepareAsync(new Words(), Token);
        var machine = Tasks.Simulated(state.Path) with { ExternalId = Id(2), EnvironmentId = "1a5" };

        var port = await spare.AdoptAsync(machine, Token);

        Assert.Equal([MacAddress.Of(Id(2)), MacAddress.Of(Id(2), card: 1)], port.Cards.Select(card => card.Mac));
        Assert.Equal(Id(1), Assert.Single(new NetworkFolder(state.Path).Read()).Use.ExternalId);
        await spare.RemoveAsync();
        Assert.Empty(new NetworkFolder(state.Path).Read());
    }

    private static string Id(int number) => $"6b8e0c0{number}-6a0c-4d0b-9d0e-0f6f3b1c7a11";

    private static INetworkDriver Machine(TestFolder state, int number, string? environment)
    {
        var task = Tasks.Simulated(state.Path) with { ExternalId = Id(number), Name = $"machine-{number}", EnvironmentId = environment };
        return Networks.Of(new MachineContext { Task = task, Sandbox = state.Path, StateDirectory = state.Path, Options = new ExecutorOptions { Log = _ => { } }, Time = TimeProvider.System, Console = new RingLog(state["console.log"]) });
    }

    private sealed class Words : IProgress<string>
    {
        public void Report(string value)
        {
        }
    }
}
