using System.Diagnostics;
using Drover.Agent.Tests.Fakes;
using Drover.Api.Agents;
using Drover.Api.Machines;

namespace Drover.Agent.Tests;

/// <summary>The built image with the built agent under real QEMU: the test plays executor and server.
/// Needs <c>DROVER_TEST_IMAGE=DIR</c>, a folder that <c>images/build.sh</c> made.</summary>
[Trait("needs", "qemu")]
public sealed class GuestScenarios(ITestOutputHelper output)
{
    [Fact]
    public async Task Guest_FromPowerOnToPowerDown_RegistersAndComesBackAfterAReset()
    {
        var image = Environment.GetEnvironmentVariable("DROVER_TEST_IMAGE");
        Assert.SkipWhen(string.IsNullOrEmpty(image), "DROVER_TEST_IMAGE names no image folder");
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromMinutes(10));
        var cancel = limit.Token;

        await using var server = await FakeCattle.StartAsync();
        await using var guest = new QemuGuest(image);
        var watch = Stopwatch.StartNew();
        guest.Identity = Identities.For($"http://10.0.2.2:{server.Port}/v1/scripts/{FakeCattle.Token}") with
        {
            ClockMilliseconds = DateTimeOffset.Parse("2031-01-02T03:04:05Z", System.Globalization.CultureInfo.InvariantCulture).ToUnixTimeMilliseconds(),
            Entropy = Convert.ToBase64String(System.Security.Cryptography.RandomNumberGenerator.GetBytes(64)),
        };

        await guest.ConnectAsync(cancel);
        var hello = await guest.NextAsync(GuestMessage.Hello, cancel);
        Tell("hello");
        Assert.Equal(GuestMessage.CurrentProtocol, hello.Protocol);
        Assert.Equal(MachineStage.Docker, (await guest.NextAsync(GuestMessage.Stage, cancel)).StageName);

        var stage = await guest.NextAsync(GuestMessage.Stage, cancel);
        while (stage.StageName == MachineStage.Docker)
        {
            stage = await guest.NextAsync(GuestMessage.Stage, cancel);
        }

        Tell("docker: " + stage.Message);
        Assert.Equal(MachineStage.Register, stage.StageName);

        using var link = await server.LinkAsync(cancel);
        var facts = await link.GreetAsync(cancel);
        Tell("link");
        await guest.NextAsync(GuestMessage.Ready, cancel);
        Tell("ready");

        Assert.Equal("u-1", facts.Uuid);
        Assert.Equal("web-1", facts.Hostname);
        Assert.Equal("10.0.2.15", facts.Address);
        Assert.Equal("overlay2", facts.DockerStorageDriver);
        Assert.NotNull(facts.DockerVersion);
        Assert.InRange(facts.DiskBytes, 3L << 30, 4L << 30); // the root has taken the 4 GiB disk
        Assert.Equal("a", facts.Labels["rack"]);

        var load = (await link.NextAsync(LinkMessage.Load, cancel))!.Sample!;
        load = (await link.NextAsync(LinkMessage.Load, cancel))!.Sample!;
        output.WriteLine($"{load}");
        Assert.Equal(2031, load.At.Year); // the clock is the identity's
        Assert.InRange(load.AgentMemoryBytes, 1, 20L << 20);
        Assert.True(load.CpuPercent > 0);

        // Power lost and back: the same keys, no second registration.
        await guest.CommandAsync("system_reset", cancel);
        watch.Restart();
        link.Cut();
        var ready = guest.NextAsync(GuestMessage.Ready, cancel); // answers the hello of the second start
        using var again = await server.LinkAsync(cancel);
        await again.GreetAsync(cancel);
        await ready;
        Tell("ready after a reset");
        Assert.Equal(link.User, again.User);
        Assert.Single(server.Keys);

        watch.Restart();
        Assert.Equal(0, await guest.PowerDownAsync(cancel));
        Tell("powered down");
        Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromMinutes(1)); // by itself, and not because something gave up
        Assert.Null(await again.NextAsync("none", cancel)); // read to the end: a goodbye, no broken line
        Assert.NotNull(again.CloseStatus);
        output.WriteLine(guest.Console);
        Assert.DoesNotContain("could not", guest.Console, StringComparison.Ordinal); // entropy, clock, name and network were taken

        void Tell(string what) => output.WriteLine($"{watch.Elapsed.TotalSeconds,6:0.0} s  {what}");
    }
}
