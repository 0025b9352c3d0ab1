using Drover.Api.Machines;
using Drover.Web.Hosts;

namespace Drover.Web.Tests.Hosts;

public sealed class HostStatusTests
{
    [Theory]
    [InlineData("requested", null, null, false, "Requested", StatusTone.Working)]
    [InlineData("creating", null, MachineStage.Queue, false, "Queued", StatusTone.Working)]
    [InlineData("creating", null, MachineStage.Queue, true, "Waiting", StatusTone.Waiting)]
    [InlineData("creating", null, null, true, "Waiting", StatusTone.Waiting)]
    [InlineData("creating", null, MachineStage.Launch, true, "Launching", StatusTone.Working)]
    [InlineData("bootstrapping", null, MachineStage.Boot, false, "Booting", StatusTone.Working)]
    [InlineData("bootstrapping", "active", MachineStage.Register, false, "Registering", StatusTone.Working)]
    [InlineData("active", null, null, false, "Registering", StatusTone.Working)]
    [InlineData("active", "active", null, false, "Active", StatusTone.Good)]
    [InlineData("active", "reconnecting", null, false, "Reconnecting", StatusTone.Waiting)]
    [InlineData("active", "disconnected", null, false, "Disconnected", StatusTone.Waiting)]
    [InlineData("active", "inactive", null, false, "Inactive", StatusTone.Off)]
    [InlineData("error", "active", MachineStage.Boot, false, "Failed", StatusTone.Failed)]
    [InlineData("erroring", null, null, true, "Failed", StatusTone.Failed)]
    [InlineData("removing", "active", null, false, "Removing", StatusTone.Working)]
    [InlineData("removed", null, null, false, "Removed", StatusTone.Off)]
    [InlineData(null, "active", null, false, "Active", StatusTone.Good)]
    [InlineData(null, "registering", null, false, "Registering", StatusTone.Working)]
    [InlineData("hibernating", null, null, false, "Hibernating", StatusTone.Off)]
    public void Status_MachineAndHost_MachineLeadsUntilItIsActive(string? machine, string? host, string? stage, bool waits, string word, StatusTone tone)
    {
        var status = HostStatus.Of(machine, host, stage, waits);
        Assert.Equal((word, tone), (status.Word, status.Tone));
    }

    [Fact]
    public void Status_EveryStage_HasALabelAndAnExplanation()
    {
        Assert.All(MachineStage.All, stage =>
        {
            Assert.NotEqual(stage, HostStatus.Label(stage));
            Assert.True(HostStatus.Explain(stage).Length > 10, stage);
            Assert.Equal(StatusTone.Working, HostStatus.Of("bootstrapping", null, stage, waits: false).Tone);
        });
    }
}
