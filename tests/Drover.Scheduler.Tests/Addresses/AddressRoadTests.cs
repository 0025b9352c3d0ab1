using System.Text.Json.Nodes;
using Drover.Api.Machines;
using Drover.Mesos.V1;
using Drover.Scheduler.Tests.Fakes;
using Task = System.Threading.Tasks.Task;

namespace Drover.Scheduler.Tests.Addresses;

/// <summary>Addresses of the range, over the whole road of a machine.</summary>
public sealed class AddressRoadTests
{
    private static JsonObject Bridge => new() { ["network"] = "bridge:br0" };

    private static Task<TestScheduler> StartAsync() => TestScheduler.StartAsync(options => options with
    {
        IpCidr = "192.168.10.0/29", Gateway = "192.168.10.1", NameServers = ["192.168.10.1"], AddressExclude = ["192.168.10.2-192.168.10.3"],
    });

    [Fact]
    public async Task Machines_OnABridge_HaveAnAddressEach_OverARestart()
    {
        await using var scheduler = await StartAsync();
        scheduler.Master.AddAgent("a1");
        await scheduler.CreateActiveAsync("1ph1", Bridge);
        await scheduler.RestartAsync();
        await scheduler.UntilAsync(() => scheduler.Cattle.Subscribers == 1, "subscribed again");
        await scheduler.CreateActiveAsync("1ph2", Bridge);
        await scheduler.CreateActiveAsync("1ph3");

        Assert.Equal(["192.168.10.4/29", "192.168.10.5/29", null], scheduler.Master.Live.OrderBy(t => t.Machine, StringComparer.Ordinal).Select(t => t.Data.Address?.Address));
        Assert.Equal("192.168.10.1", scheduler.Master.Live.First(t => t.Data.Address is not null).Data.Address!.Gateway);
    }

    [Fact]
    public async Task Machine_WithoutAFreeAddress_WaitsAndSaysSo_UntilOneIsReleased()
    {
        await using var scheduler = await StartAsync();
        scheduler.Master.AddAgent("a1");
        foreach (var id in new[] { "1ph1", "1ph2", "1ph3" })
        {
            await scheduler.CreateActiveAsync(id, Bridge);
        }

        var late = scheduler.Cattle.Create("1ph4", Bridge);
        await scheduler.Cattle.SendAsync("1ph4");
        await scheduler.UntilAsync(() => late.Message?.Contains("Waiting for an address: every one of 192.168.10.0/29", StringComparison.Ordinal) == true, "says why");
        Assert.Equal(3, scheduler.Master.All.Count);

        scheduler.Cattle.Delete("1ph2");
        await scheduler.Cattle.SendAsync("1ph2");
        await scheduler.UntilAsync(() => late.State == "bootstrapping", "launched");
        Assert.Equal("192.168.10.5/29", scheduler.Master.Live.Single(t => t.Machine == "uuid-1ph4").Data.Address!.Address);
    }

    [Fact]
    public async Task Address_ThatSomebodyAnswersFor_IsKeptAsideAndAnotherTaken()
    {
        await using var scheduler = await StartAsync();
        scheduler.Master.AddAgent("a1");
        scheduler.Master.Executor = info => info.TaskId.Value.EndsWith(".1", StringComparison.Ordinal)
            ? (TaskState.TaskFailed, new StageReport { Stage = MachineStage.Network, Status = StageStatus.Failed, Message = "The address is in use.", AddressInUse = "192.168.10.4/29" })
            : (TaskState.TaskRunning, null);

        await scheduler.CreateActiveAsync("1ph1", Bridge);
        Assert.Equal(("uuid-1ph1.2", "192.168.10.5/29"), (Assert.Single(scheduler.Master.Live).Id, scheduler.Master.Live[0].Data.Address!.Address));

        scheduler.Master.Executor = _ => (TaskState.TaskRunning, null);
        await scheduler.RestartAsync();
        await scheduler.UntilAsync(() => scheduler.Cattle.Subscribers == 1, "subscribed again");
        await scheduler.CreateActiveAsync("1ph2", Bridge);
        var late = scheduler.Cattle.Create("1ph3", Bridge);
        await scheduler.Cattle.SendAsync("1ph3");
        await scheduler.UntilAsync(() => late.Message?.Contains("1 of them kept aside", StringComparison.Ordinal) == true, "says why");
    }
}
