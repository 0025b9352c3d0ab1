using System.Runtime.CompilerServices;
using Drover.Executor.Machines;
using Drover.Executor.Networking;
using Drover.Testing;

namespace Drover.Executor.Tests.Networking;

/// <summary>The real bridge, filter and dnsmasq, in a network of the test's own. Machines are only their taps.</summary>
[Trait("needs", "network")]
public sealed class NatNetworkTests
{
    private static readonly string[] Steps = ["nat.record", "nat.bridge", "nat.use", "nat.forwarding", "nat.rules", "nat.dnsmasq", "nat.tap"];
    private static readonly string[] UndoSteps = ["nat.undo", "nat.undo-rules", "nat.undo-bridge", "nat.undo-forwarding", "nat.undo-record"];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public Task Machines_ComeAndGo_TheNatIsThereAsLongAsOneIs() => OwnNamespace.RunAsync(async () =>
    {
        using var state = new TestFolder();
        await File.WriteAllTextAsync("/proc/sys/net/ipv4/ip_forward", "0", Token);
        var before = await PictureAsync();
        var said = new Words();
        var (one, two) = (Machine(state, 1), Machine(state, 2));

        var first = await one.PrepareAsync(said, Token);
        var second = await two.PrepareAsync(said, Token);

        Assert.Contains(said.All, word => word.Contains("ip_forward", StringComparison.Ordinal));
        Assert.NotEqual(first.Guest.Address, second.Guest.Address);
        Assert.Equal("10.66.0.1", first.Guest.Gateway);
        Assert.Contains("master drover0", await OwnNamespace.SayAsync("ip", "link", "show", TapDevice.NameOf(Id(1))), StringComparison.Ordinal);
        Assert.Equal("1", (await File.ReadAllTextAsync("/proc/sys/net/ipv4/ip_forward", Token)).Trim());
        await BecomesAsync("machine-1.drover", first.Guest.Address!.Split('/')[0]);
        await BecomesAsync("machine-2.drover", second.Guest.Address!.Split('/')[0]);

        await one.RemoveAsync();
        await BecomesAsync("machine-1.drover", null);
        await BecomesAsync("machine-2.drover", second.Guest.Address.Split('/')[0]);

        await two.RemoveAsync();
        await two.RemoveAsync();
        Assert.Equal(before, await PictureAsync());
        Assert.Empty(Left(state));
    });

    [Fact]
    public Task Spare_ThatIsClaimed_KeepsItsPlaceUnderTheMachinesNameAndCard() => OwnNamespace.RunAsync(async () =>
    {
        using var state = new TestFolder();
        var before = await PictureAsync();
        var context = Context(state, 1, null, null, null);
        var spare = Networks.Of(context);
        var waiting = await spare.PrepareAsync(new Words(), Token);
        var machine = context.Task with { ExternalId = Id(2), Name = "web", Hostname = "web" };
        context.Become(machine);

        var port = await spare.AdoptAsync(machine, Token);

        Assert.Equal((waiting.Guest.Address, MacAddress.Of(Id(2)), false), (port.Guest.Address, port.Guest.Mac, port.Guest.Unconnected));
        await BecomesAsync("web.drover", port.Guest.Address!.Split('/')[0]);
        await BecomesAsync("machine-1.drover", null);
        Assert.Contains(MacAddress.Of(Id(2)), await File.ReadAllTextAsync(Path.Combine(NatPlan.NamesFolderOf(state.Path), "cards"), Token), StringComparison.Ordinal);
        Assert.True(Assert.Single(new NetworkFolder(state.Path).Read()).Alive);
        await spare.RemoveAsync();
        Assert.Equal(before, await PictureAsync());
        Assert.Empty(Left(state));
    });

    [Fact]
    public Task Executor_KilledAtAnyStep_TheNextSetsUpAllTheSame() => OwnNamespace.RunAsync(async () =>
    {
        await File.WriteAllTextAsync("/proc/sys/net/ipv4/ip_forward", "0", Token);
        var before = await PictureAsync();
        foreach (var step in Steps)
        {
            using var state = new TestFolder();
            await DieAsync(state, step, machine => machine.PrepareAsync(new Words(), Token));
            var next = Machine(state, 2);
            var port = await next.PrepareAsync(new Words(), Token);
            await BecomesAsync("machine-2.drover", port.Guest.Address!.Split('/')[0]);
            Assert.Equal([Id(2)], new NetworkFolder(state.Path).Read().Select(found => found.Use.ExternalId));
            await next.RemoveAsync();
            Assert.Equal(before, await PictureAsync());
            Assert.Empty(Left(state));
        }
    });

    [Fact]
    public Task Executor_KilledAtAnyStep_TheSweepLeavesNothing() => OwnNamespace.RunAsync(async () =>
    {
        await File.WriteAllTextAsync("/proc/sys/net/ipv4/ip_forward", "0", Token);
        var before = await PictureAsync();
        foreach (var step in Steps)
        {
            using var state = new TestFolder();
            await DieAsync(state, step, machine => machine.PrepareAsync(new Words(), Token));
            await NetworkSweep.RunAsync(state.Path, new ExecutorOptions(), TimeProvider.System, Token);
            Assert.Equal(before, await PictureAsync());
            Assert.Empty(Left(state));
        }

        foreach (var step in UndoSteps)
        {
            using var state = new TestFolder();
            await DieAsync(state, step, async machine =>
            {
                await machine.PrepareAsync(new Words(), Token);
                await machine.RemoveAsync();
            });
            Assert.NotEmpty(Left(state));
            await NetworkSweep.RunAsync(state.Path, new ExecutorOptions(), TimeProvider.System, Token);
            Assert.Equal(before, await PictureAsync());
            Assert.Empty(Left(state));
        }
    });

    [Fact]
    public Task Dnsmasq_Killed_ComesBack() => OwnNamespace.RunAsync(async () =>
    {
        using var state = new TestFolder();
        var back = new TaskCompletionSource();
        var machine = Machine(state, 1, time: new QuickTime(), log: _ => back.TrySetResult());
        var port = await machine.PrepareAsync(new Words(), Token);
        var pid = int.Parse(await File.ReadAllTextAsync(state["networks/dnsmasq.pid"], Token), System.Globalization.CultureInfo.InvariantCulture);
        using (var dnsmasq = System.Diagnostics.Process.GetProcessById(pid))
        {
            dnsmasq.Kill();
            await dnsmasq.WaitForExitAsync(Token);
        }

        await back.Task.WaitAsync(Token);
        await BecomesAsync("machine-1.drover", port.Guest.Address!.Split('/')[0]);
        await machine.RemoveAsync();
    });

    [Fact]
    public Task Bridge_OfSomebodyElse_IsLeftAlone() => OwnNamespace.RunAsync(async () =>
    {
        await OwnNamespace.SayAsync("ip", "link", "add", "drover0", "type", "bridge");
        await OwnNamespace.SayAsync("ip", "address", "add", "10.66.0.9/16", "dev", "drover0");
        await OwnNamespace.SayAsync("ip", "link", "set", "drover0", "up");
        await OwnNamespace.SayAsync("nft", "add", "table", "inet", "drover1");
        using var state = new TestFolder();
        using var other = new TestFolder();
        var (one, two) = (Machine(state, 1), Machine(other, 2));

        var first = await one.PrepareAsync(new Words(), Token);
        var second = await two.PrepareAsync(new Words(), Token);

        Assert.Equal("10.67.0.1", first.Guest.Gateway);
        Assert.Equal("10.68.0.1", second.Guest.Gateway);
        Assert.Equal(["drover2", "drover3"], [BridgeOf(state), BridgeOf(other)]);
        await one.RemoveAsync();
        await two.RemoveAsync();
        Assert.Contains("10.66.0.9", await OwnNamespace.SayAsync("ip", "address", "show", "drover0"), StringComparison.Ordinal);
        Assert.Equal("table inet drover1", (await OwnNamespace.SayAsync("nft", "list", "tables")).Trim());
    });

    /// <summary>An executor whose life ends before a step: everything that only its process held is given back by the kernel.</summary>
    private static async Task DieAsync(TestFolder state, string step, Func<INetworkDriver, Task> life)
    {
        await LiveAsync(state, step, life);
        for (var round = 0; round < 10 && new NetworkFolder(state.Path).Read().Any(found => found.Alive); round++)
        {
            await Task.Yield();
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        Assert.All(new NetworkFolder(state.Path).Read(), found => Assert.False(found.Alive, step));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static async Task LiveAsync(TestFolder state, string step, Func<INetworkDriver, Task> life)
    {
        var machine = Machine(state, 1, reached: at =>
        {
            if (at == step + ":before")
            {
                throw new KilledException();
            }
        });
        await Assert.ThrowsAsync<KilledException>(() => life(machine));
    }

    private static INetworkDriver Machine(TestFolder state, int number, Action<string>? reached = null, TimeProvider? time = null, Action<string>? log = null) =>
        Networks.Of(Context(state, number, reached, time, log));

    private static MachineContext Context(TestFolder state, int number, Action<string>? reached, TimeProvider? time, Action<string>? log) => new()
    {
        Task = Tasks.Simulated(state.Path) with { ExternalId = Id(number), Name = $"machine-{number}", Hostname = $"machine-{number}", Network = "nat" },
        Sandbox = state.Path,
        StateDirectory = state.Path,
        Options = new ExecutorOptions { Reached = reached, Log = log ?? (_ => { }) },
        Time = time ?? TimeProvider.System,
        Console = new RingLog(state["console.log"]),
    };

    private static string Id(int number) => $"6b8e0c0{number}-6a0c-4d0b-9d0e-0f6f3b1c7a11";

    private static string BridgeOf(TestFolder state) => new NatSwitch(state.Path, new ExecutorOptions(), TimeProvider.System).Current!.Record.Bridge;

    private static string[] Left(TestFolder state) =>
        [.. Directory.EnumerateFiles(state.Path, "*", SearchOption.AllDirectories).Where(path => Path.GetFileName(path) != "lock"), .. Directory.Exists(NatPlan.NamesFolderOf(state.Path)) ? ["names"] : Array.Empty<string>()];

    /// <summary>All that a nat may change of a computer.</summary>
    private static async Task<string> PictureAsync() => string.Join('\n',
        await OwnNamespace.SayAsync("ip", "-oneline", "link"), await OwnNamespace.SayAsync("ip", "route"), await OwnNamespace.SayAsync("nft", "list", "ruleset"), await File.ReadAllTextAsync("/proc/sys/net/ipv4/ip_forward", Token),
        string.Join(' ', Directory.EnumerateDirectories("/proc").Select(folder => Path.Combine(folder, "comm")).Where(File.Exists).Count(comm => File.ReadAllText(comm).StartsWith("dnsmasq", StringComparison.Ordinal))));

    /// <summary>dnsmasq reads its files again when it gets to it.</summary>
    private static async Task BecomesAsync(string name, string? expected)
    {
        var last = await LookUpAsync(name);
        for (var question = 0; last != expected && question < 2000; question++)
        {
            last = await LookUpAsync(name);
        }

        Assert.Equal(expected, last);
    }

    /// <summary>What the nat's DNS says of a name: one question over UDP, as any guest's resolver asks it.</summary>
    private static async Task<string?> LookUpAsync(string name)
    {
        using var client = new System.Net.Sockets.UdpClient("10.66.0.1", 53);
        byte[] question = [0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, .. name.Split('.').SelectMany(label => (byte[])[(byte)label.Length, .. System.Text.Encoding.ASCII.GetBytes(label)]), 0, 0, 1, 0, 1];
        await client.SendAsync(question, Token);
        var answer = (await client.ReceiveAsync(Token)).Buffer;
        return answer[7] == 0 ? null : string.Join('.', answer[^4..]);
    }

    private sealed class Words : IProgress<string>
    {
        public List<string> All { get; } = [];

        public void Report(string value) => All.Add(value);
    }

    private sealed class KilledException : Exception;

    /// <summary>Timers go off 500 times earlier.</summary>
    private sealed class QuickTime : TimeProvider
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => base.CreateTimer(callback, state, dueTime / 500, period / 500);
    }
}
