using System.Text.Json.Nodes;
using Drover.Api.Machines;
using Drover.Executor.Machines;
using Drover.Executor.Tests.Machines;

namespace Drover.Executor.Tests.Consoles;

/// <summary>What an executor does with the command, short of a console that stands; that is in the conformance of drivers.</summary>
public sealed class ConsoleCommandTests
{
    [Theory]
    [InlineData("telepathic", "ws://127.0.0.1:1/", "s", "graphical and serial")]
    [InlineData("serial", "http://127.0.0.1:1/", "s", "which WebSocket")]
    [InlineData("serial", "ws://127.0.0.1:1/", "", "no secret")]
    [InlineData("graphical", "ws://127.0.0.1:1/", "s", "no graphical console in this test")]
    public async Task Console_ThatCannotBe_IsAFailureWithItsCause(string kind, string url, string secret, string cause)
    {
        await using var lab = new SupervisorLab(new FakeDriver());
        await lab.RegisterAsync();
        var outcome = await lab.CommandAsync(MachineCommand.Console, new JsonObject { ["kind"] = kind, ["url"] = url, ["secret"] = secret });
        Assert.False(outcome.Ok);
        Assert.Contains(cause, outcome.Message!, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(nameof(MachinePhase.Preparing), "not switched on yet")]
    [InlineData(nameof(MachinePhase.Stopping), "is ending")]
    [InlineData(nameof(MachinePhase.Freezing), "is ending")]
    [InlineData(nameof(MachinePhase.Booting), null)]
    [InlineData(nameof(MachinePhase.Off), null)]
    public void Console_IsThereFromTheBootUntilTheEnd(string phase, string? refusal)
    {
        var said = CommandRules.Refusal(new MachineCommand { Id = "c", Verb = MachineCommand.Console, TaskId = "t" }, Enum.Parse<MachinePhase>(phase), Tasks.Simulated("/state"));
        if (refusal is null)
        {
            Assert.Null(said);
        }
        else
        {
            Assert.Contains(refusal, said!, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Ledger_OfManyConsoles_KeepsTheCommandThatStillRuns()
    {
        var ledger = new CommandLedger();
        Assert.True(ledger.TryTake("stop"));
        for (var i = 0; i < 40; i++)
        {
            Assert.True(ledger.TryTake($"console-{i}"));
            ledger.End(new CommandOutcome { Id = $"console-{i}", Ok = true });
        }

        Assert.False(ledger.TryTake("stop"));
        ledger.End(new CommandOutcome { Id = "stop", Ok = true });
        Assert.Contains(ledger.Outcomes, o => o.Id == "stop");
    }
}
