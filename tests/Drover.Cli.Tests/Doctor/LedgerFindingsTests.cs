using System.Text.Json.Nodes;
using Drover.Api.Cattle;
using Drover.Cli.Doctor;
using Drover.Cli.Hosts;

namespace Drover.Cli.Tests.Doctor;

public sealed class LedgerFindingsTests
{
    [Fact]
    public void ActiveMachine_WithoutAnythingHere_IsAProblem() =>
        Assert.Equal(FindingState.Problem, Assert.Single(LedgerFindings.Against([Row("1ph1", "active")], Ledger())).State);

    [Fact]
    public void ActiveMachine_ThatRunsHere_IsOk() =>
        Assert.Equal(FindingState.Ok, Assert.Single(LedgerFindings.Against([Row("1ph1", "active")], Ledger("1ph1"))).State);

    [Fact]
    public void ActiveMachine_OfACluster_IsNotLookedForHere() =>
        Assert.Equal(FindingState.Ok, Assert.Single(LedgerFindings.Against([Row("1ph1", "active")], null)).State);

    [Fact]
    public void MachineInError_IsAProblemWithItsMessage() =>
        Assert.Equal(FindingState.Problem, Assert.Single(LedgerFindings.Against([Row("1ph1", "error")], null)).State);

    [Fact]
    public void ThingsOfAMachineThatNobodyKnows_AreAWarning() =>
        Assert.Equal(("stray", FindingState.Warning), LedgerFindings.Against([], Ledger("1ph9")).Select(f => (f.Check, f.State)).Single());

    [Fact]
    public void ThingsOfATemplate_AreNoStrays() => Assert.Empty(LedgerFindings.Against([], Ledger("")));

    private static HostRow Row(string id, string state) => new(new CattleResource(new JsonObject { ["id"] = id, ["name"] = "web-1", ["state"] = state }), null);

    private static LocalLedger Ledger(params string[] machineIds) => new(
        [.. machineIds.Select(id => new JsonObject { ["kind"] = "process", ["name"] = "qemu 7", ["owner"] = "web-1", ["machineId"] = id, ["state"] = "used" })], []);
}
