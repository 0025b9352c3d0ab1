using Drover.Api.Agents;
using Drover.Api.Machines;

namespace Drover.Executor.Tests.Machines;

public sealed class InspectionTests
{
    [Fact]
    public async Task Inspect_WhenTheGuestTakesNothingAtPresent_IsAskedAgain()
    {
        var driver = new FakeDriver();
        await using var lab = new SupervisorLab(driver);
        await lab.RegisterAsync();
        driver.Deaf = 1;

        var asked = lab.CommandAsync(MachineCommand.Inspect);
        await lab.UntilActAsync("deaf");
        await lab.PassAsync(lab.UntilActAsync($"told {GuestMessage.Inspect}"));
        driver.Say(new() { Type = GuestMessage.Inspected, Facts = new Dictionary<string, string> { ["bootId"] = "b" } });

        Assert.Equal("b", (string?)(await asked).Data!["bootId"]);
    }

    [Fact]
    public async Task Inspect_ThatFailedInTheGuest_FailsWithItsReason()
    {
        var driver = new FakeDriver();
        await using var lab = new SupervisorLab(driver);
        await lab.RegisterAsync();

        var asked = lab.CommandAsync(MachineCommand.Inspect);
        await lab.UntilActAsync($"told {GuestMessage.Inspect}");
        driver.Say(new() { Type = GuestMessage.Inspected, Facts = new Dictionary<string, string> { ["error"] = "Docker did not answer containers/create in time" } });

        var outcome = await asked;
        Assert.False(outcome.Ok);
        Assert.Equal("Docker did not answer containers/create in time", outcome.Message);
    }
}
