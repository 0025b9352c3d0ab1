using System.Text.Json;
using Drover.Api.Machines;
using Drover.Mesos;
using Drover.Mesos.V1;
using Drover.Scheduler.Artifacts;
using Drover.Scheduler.Launching;
using Drover.Scheduler.Placement;
using Drover.Scheduler.Requests;
using Drover.Scheduler.Tests.Fakes;
using Google.Protobuf;

namespace Drover.Scheduler.Tests.Launching;

public sealed class TaskBuilderTests
{
    private static readonly SchedulerOptions s_options = new() { ExecutorStateDirectory = "/state", User = "vms", ShutdownGrace = TimeSpan.FromSeconds(20) };

    private static readonly Preparation s_preparation = new()
    {
        RegistrationUrl = "http://server/v1/scripts/token",
        Image = new GuestImage { Name = "drover", Digest = "d", Files = [] },
        Programs = [new Artifact("drover-executor", "/x", "abc", 1, "http://server/artifacts/sha256/abc/drover-executor")],
        At = default,
    };

    [Fact]
    public void Build_Task_IsWhatTheExecutorExpects()
    {
        var request = new TestTurn().Add("1ph1", RequestState.Offered);
        var task = new TaskBuilder(s_options).Build(request, s_preparation, Place(Plain(8, 8192, 50_000)))!;

        Assert.True(task.IsInitialized());
        Assert.Equal(("uuid-1ph1.1", "uuid-1ph1.1"), (task.TaskId.Value, task.Executor.ExecutorId.Value));
        Assert.Equal(ExecutorInfo.Types.Type.Custom, task.Executor.Type);
        Assert.Equal((false, "./drover-executor", "vms"), (task.Executor.Command.Shell, task.Executor.Command.Value, task.Executor.Command.User));
        Assert.Equal(["./drover-executor", "--state", "/state"], task.Executor.Command.Arguments);
        var uri = Assert.Single(task.Executor.Command.Uris);
        Assert.Equal((true, false, true, "drover-executor"), (uri.Executable, uri.Extract, uri.Cache, uri.OutputFile));
        Assert.Equal(20_000_000_000, task.KillPolicy.GracePeriod.Nanoseconds);
        var machine = JsonSerializer.Deserialize(task.Data.Span, MachineJson.Default.MachineTask)!;
        Assert.Equal(("1ph1", 1L << 30, "http://server/v1/scripts/token", 20), (machine.MachineId, machine.MemoryBytes, machine.RegistrationUrl, machine.ShutdownGraceSeconds));
    }

    [Fact]
    public void Build_Resources_AreTheGuestsPlusOverheadAndTheExecutorsOwn()
    {
        var request = new TestTurn().Add("1ph1", RequestState.Offered);
        var task = new TaskBuilder(s_options).Build(request, s_preparation, Place(Plain(8, 8192, 50_000)))!;
        var own = Resources.Of(task.Resources);
        Assert.Equal((1000, (1024 + 128) * 1000, 1024 * 1000), (own.Milli("cpus"), own.Milli("mem"), own.Milli("disk")));
        var executor = Resources.Of(task.Executor.Resources);
        Assert.Equal((10, 32_000), (executor.Milli("cpus"), executor.Milli("mem")));
    }

    [Fact]
    public void Take_ReservedAndPlain_KeepsEveryReservationAsItWasOffered()
    {
        var reserved = Resources.Scalar("cpus", 1500);
        reserved.Reservations.Add(new Resource.Types.ReservationInfo { Type = Resource.Types.ReservationInfo.Types.Type.Dynamic, Role = "vms", Principal = "p" });
        var place = Place([reserved, .. Plain(1, 4096, 0)]);
        Assert.Equal(2500, place.Place.Free.Cpus);

        var taken = place.Take(Amounts.Of(2, 1024, 0))!.Where(r => r.Name == "cpus").ToList();

        Assert.Equal(2, taken.Count);
        Assert.Equal(2, taken.Sum(r => r.Scalar.Value));
        Assert.Equal("p", Assert.Single(taken, r => r.Reservations.Count > 0).Reservations[0].Principal);
        Assert.All(taken, r => Assert.Equal("vms", r.AllocationInfo.Role));
        Assert.Equal(500, place.Left.Milli("cpus"));
    }

    [Fact]
    public void Pool_VolumesRevocableAndShared_AreNotCounted()
    {
        var volume = Resources.Scalar("disk", 9_000_000);
        volume.Disk = new Resource.Types.DiskInfo { Persistence = new Resource.Types.DiskInfo.Types.Persistence { Id = "v" } };
        var revocable = Resources.Scalar("cpus", 9000);
        revocable.Revocable = new Resource.Types.RevocableInfo();
        Assert.Equal(Amounts.Of(1, 10, 20), Place([volume, revocable, .. Plain(1, 10, 20)]).Place.Free);
    }

    [Fact]
    public void Pool_TwoOffersOfOneAgent_AreOnePlace()
    {
        var pooled = Assert.Single(OfferedPlace.Pool([Offer("o1", Plain(1, 10, 0)), Offer("o2", Plain(2, 10, 0))]));
        Assert.Equal((3000, 2), (pooled.Place.Free.Cpus, pooled.Offers.Count));
    }

    [Fact]
    public void Pool_AgentBeforeMaintenance_IsLeftOut()
    {
        var offer = Offer("o1", Plain(1, 10, 0));
        offer.Unavailability = new Unavailability { Start = new TimeInfo { Nanoseconds = 1 } };
        Assert.Empty(OfferedPlace.Pool([offer]));
    }

    [Fact]
    public void Pool_Attributes_AreTextsWithTheHostname()
    {
        var offer = Offer("o1", Plain(1, 1, 1));
        offer.Attributes.Add(new Mesos.V1.Attribute { Name = "rack", Type = Value.Types.Type.Text, Text = new Value.Types.Text { Value = "r1" } });
        offer.Attributes.Add(new Mesos.V1.Attribute { Name = "gen", Type = Value.Types.Type.Scalar, Scalar = new Value.Types.Scalar { Value = 2.5 } });
        var place = OfferedPlace.Pool([offer])[0].Place;
        Assert.Equal(("r1", "2.5", "host"), (place.Attribute("rack"), place.Attribute("gen"), place.Attribute("hostname")));
    }

    [Theory]
    [InlineData("Web_1", "web-1")]
    [InlineData("-a-", "a")]
    [InlineData("äöü", "machine-1ph1")]
    [InlineData("", "machine-1ph1")]
    public void Hostname_AnyName_IsOneThatDnsAllows(string name, string hostname) => Assert.Equal(hostname, TaskBuilder.Hostname(name, "1ph1"));

    private static OfferedPlace Place(params Resource[] resources) => OfferedPlace.Pool([Offer("o1", resources)])[0];

    private static Offer Offer(string id, Resource[] resources) => new()
    {
        Id = new OfferID { Value = id },
        FrameworkId = new FrameworkID { Value = "fw" },
        AgentId = new AgentID { Value = "a1" },
        Hostname = "host",
        AllocationInfo = new Resource.Types.AllocationInfo { Role = "vms" },
        Resources = { resources },
    };

    private static Resource[] Plain(double cpus, double memory, double disk)
    {
        var amounts = Amounts.Of(cpus, memory, disk);
        return [Resources.Scalar("cpus", amounts.Cpus), Resources.Scalar("mem", amounts.Memory), Resources.Scalar("disk", amounts.Disk)];
    }
}
