using Drover.Api.Machines;
using Drover.Executor.Machines;
using Drover.Executor.Networking;
using Drover.Testing;

namespace Drover.Executor.Tests.Networking;

/// <summary>A real bridge of somebody else, with a neighbour on it, in a network of the test's own.</summary>
[Trait("needs", "network")]
public sealed class BridgeNetworkTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public Task Machine_OnABridge_HasAPortAndLeavesTheBridgeAsItWas() => OwnNamespace.RunAsync(async () =>
    {
        using var state = new TestFolder();
        await MakeBridgeAsync();
        var before = Picture();
        var machine = Machine(state, "192.168.77.10/24");

        var port = await machine.PrepareAsync(new Words(), Token);

        Assert.Equal(("192.168.77.10/24", "192.168.77.1"), (port.Guest.Address, port.Guest.ThisMachine));
        Assert.Contains("master br0", await OwnNamespace.SayAsync("ip", "link", "show", TapDevice.NameOf(Id)), StringComparison.Ordinal);
        Assert.Single(port.Inherited);
        Assert.Equal("bridge:br0", Assert.Single(new NetworkFolder(state.Path).Read()).Use.Network);
        await machine.RemoveAsync();
        Assert.Equal(before, Picture());
        Assert.Empty(new NetworkFolder(state.Path).Read());
    });

    [Fact]
    public Task Address_ThatANeighbourHas_IsNotTaken() => OwnNamespace.RunAsync(async () =>
    {
        using var state = new TestFolder();
        await MakeBridgeAsync();
        var machine = Machine(state, "192.168.77.9/24");

        var e = await Assert.ThrowsAsync<AddressInUseException>(() => machine.PrepareAsync(new Words(), Token));

        Assert.Equal("192.168.77.9/24", e.Address);
        Assert.Contains("52:54:00:aa:bb:cc", e.Message, StringComparison.Ordinal);
        await machine.RemoveAsync();
        Assert.Empty(new NetworkFolder(state.Path).Read());
    });

    [Fact]
    public Task Spare_OnABridge_HasNoAddressUntilItIsAMachine() => OwnNamespace.RunAsync(async () =>
    {
        using var state = new TestFolder();
        await MakeBridgeAsync();
        var before = Picture();
        var context = Context(state, null) with { Task = Asked(state, null) with { Kind = TaskKind.Spare } };
        var spare = Networks.Of(context);
        var waiting = await spare.PrepareAsync(new Words(), Token);
        Assert.True(waiting.Guest.Unconnected);

        var taken = Asked(state, "192.168.77.9/24") with { ExternalId = Claimer };
        context.Become(taken);
        Assert.Equal("192.168.77.9/24", (await Assert.ThrowsAsync<AddressInUseException>(() => spare.AdoptAsync(taken, Token))).Address);
        var machine = taken with { Address = new GuestAddress { Address = "192.168.77.10/24" } };
        context.Become(machine);
        var port = await spare.AdoptAsync(machine, Token);

        Assert.Equal(("192.168.77.10/24", MacAddress.Of(Claimer), false), (port.Guest.Address, port.Guest.Mac, port.Guest.Unconnected));
        Assert.NotEqual(waiting.Guest.Mac, port.Guest.Mac);
        var (use, alive) = Assert.Single(new NetworkFolder(state.Path).Read());
        Assert.Equal((true, "192.168.77.10", MacAddress.Of(Claimer), TapDevice.NameOf(Id)), (alive, use.Address, use.Mac, use.Tap));
        await spare.RemoveAsync();
        Assert.Equal(before, Picture());
        Assert.Equal(["lock"], Directory.EnumerateFiles(Path.Combine(state.Path, "networks"), "*", SearchOption.AllDirectories).Select(Path.GetFileName));
    });

    [Fact]
    public Task Bridge_ThatIsNotThere_IsNamedWithThoseThatAre() => OwnNamespace.RunAsync(async () =>
    {
        using var state = new TestFolder();
        await OwnNamespace.SayAsync("ip", "link", "add", "br1", "type", "bridge");

        var e = await Assert.ThrowsAsync<MachineException>(() => Machine(state, null).PrepareAsync(new Words(), Token));

        Assert.Contains("no bridge 'br0'; it has br1", e.Message, StringComparison.Ordinal);
    });

    private const string Id = "6b8e0c01-6a0c-4d0b-9d0e-0f6f3b1c7a11";
    private const string Claimer = "7c9f1d02-6a0c-4d0b-9d0e-0f6f3b1c7a12";

    /// <summary>The computer's devices and their hardware addresses: a bridge may take over the address of a port.</summary>
    private static string Picture() =>
        string.Join('\n', Directory.EnumerateFileSystemEntries("/sys/class/net").Order(StringComparer.Ordinal).Select(device => $"{device} {File.ReadAllText(Path.Combine(device, "address")).Trim()}"));

    private static async Task MakeBridgeAsync()
    {
        string[][] commands =
        [
            ["link", "add", "br0", "type", "bridge"], ["address", "add", "192.168.77.1/24", "dev", "br0"], ["link", "set", "br0", "up"],
            ["link", "add", "port", "type", "veth", "peer", "name", "neighbour", "address", "52:54:00:aa:bb:cc"],
            ["link", "set", "port", "master", "br0", "up"], ["address", "add", "192.168.77.9/24", "dev", "neighbour"], ["link", "set", "neighbour", "up"],
        ];
        foreach (var command in commands)
        {
            await OwnNamespace.SayAsync("ip", command);
        }
    }

    private static INetworkDriver Machine(TestFolder state, string? address) => Networks.Of(Context(state, address));

    private static MachineTask Asked(TestFolder state, string? address) =>
        Tasks.Simulated(state.Path) with { ExternalId = Id, Network = "bridge:br0", Address = address is null ? null : new GuestAddress { Address = address } };

    private static MachineContext Context(TestFolder state, string? address) => new()
    {
        Task = Asked(state, address),
        Sandbox = state.Path,
        StateDirectory = state.Path,
        Options = new ExecutorOptions { Log = _ => { } },
        Time = TimeProvider.System,
        Console = new RingLog(state["console.log"]),
    };

    private sealed class Words : IProgress<string>
    {
        public void Report(string value)
        {
        }
    }
}
