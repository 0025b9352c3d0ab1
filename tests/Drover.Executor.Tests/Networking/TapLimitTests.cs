using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Drover.Executor.Networking;
using Drover.Executor.Usage;
using Drover.Testing;

namespace Drover.Executor.Tests.Networking;

/// <summary>A real tap with real tc and nftables, in a network of the test's own.</summary>
[Trait("needs", "network")]
public sealed partial class TapLimitTests
{
    private const string Tap = "dvlimittest0";

    /// <summary>Little enough that 3 MB are too much for any time that sending them may take.</summary>
    private const long Rate = 16 * 1024;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public Task Limit_HoldsBothWays_IsReplaced_AndGoesWhole() => OwnNamespace.RunAsync(async () =>
    {
        using var tap = TapDevice.Open(Tap);
        await OwnNamespace.SayAsync("ip", "link", "set", Tap, "up");
        await OwnNamespace.SayAsync("ip", "address", "add", "10.9.9.1/24", "dev", Tap);
        await OwnNamespace.SayAsync("ip", "neighbour", "add", "10.9.9.2", "lladdr", "52:54:00:00:00:02", "dev", Tap);
        var before = await PictureAsync();

        await TapLimit.SetAsync(Tap, 1 << 30, Token);
        await TapLimit.SetAsync(Tap, Rate, Token);

        // From the guest: 2000 frames of 1500 bytes, each behind an empty virtio header. The first ones pass, most do not.
        await using (var guest = new FileStream(new Microsoft.Win32.SafeHandles.SafeFileHandle(tap.DangerousGetHandle(), ownsHandle: false), FileAccess.ReadWrite, bufferSize: 0))
        {
            var frame = new byte[10 + 1500];
            frame.AsSpan(10, 6).Fill(0xff);
            frame[10 + 12] = 0x88;
            frame[10 + 13] = 0xb5;
            for (var i = 0; i < 2000; i++)
            {
                guest.Write(frame);
            }
        }

        var refused = long.Parse(Refused().Match(await OwnNamespace.SayAsync("nft", "list", "table", "netdev", TapLimit.TablePrefix + Tap)).Groups["count"].Value, System.Globalization.CultureInfo.InvariantCulture);
        Assert.InRange(refused, 1, 1999);
        Assert.InRange(TapCounters.Of(Tap)!.ReceivedBytes, 2000 * 1500, long.MaxValue);

        // To the guest: as much by UDP. The bucket holds it back.
        using var computer = new UdpClient(AddressFamily.InterNetwork);
        for (var i = 0; i < 2000; i++)
        {
            await computer.SendAsync(new byte[1400], new IPEndPoint(IPAddress.Parse("10.9.9.2"), 9), Token);
        }

        var bucket = await OwnNamespace.SayAsync("tc", "-s", "qdisc", "show", "dev", Tap);
        Assert.Contains("tbf", bucket, StringComparison.Ordinal);
        Assert.NotEqual("0", Over().Match(bucket).Groups["count"].Value);

        await TapLimit.SetAsync(Tap, null, Token);
        Assert.Equal(before, await PictureAsync());
    });

    [Fact]
    public Task Sweep_RemovesTheFilterOfATapThatIsGone_AndNoOther() => OwnNamespace.RunAsync(async () =>
    {
        using var here = TapDevice.Open(Tap);
        using (TapDevice.Open("dvlimittest1"))
        {
            await TapLimit.SetAsync(Tap, Rate, Token);
            await TapLimit.SetAsync("dvlimittest1", Rate, Token);
        }

        await OwnNamespace.SayAsync("nft", "add table netdev somebodys");
        Assert.Equal(["dvlimittest1"], await TapLimit.SweepAsync(Token));
        Assert.Equal([Tap], TapLimit.TapsOf(await OwnNamespace.SayAsync("nft", "list", "tables", "netdev")));
        Assert.Empty(await TapLimit.SweepAsync(Token));

        // After the tap as well: an executor removes its filter when QEMU, and with it the tap, is gone.
        here.Dispose();
        await TapLimit.RemoveAsync(Tap, Token);
        Assert.Equal("table netdev somebodys", (await OwnNamespace.SayAsync("nft", "list", "tables", "netdev")).Trim());
    });

    private static async Task<string> PictureAsync() =>
        await OwnNamespace.SayAsync("tc", "qdisc", "show", "dev", Tap) + await OwnNamespace.SayAsync("nft", "list", "ruleset");

    [GeneratedRegex(@"counter packets (?<count>\d+) ", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Refused();

    [GeneratedRegex(@"overlimits (?<count>\d+) ", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Over();
}
