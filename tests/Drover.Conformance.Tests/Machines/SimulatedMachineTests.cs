using Drover.Api.Machines;
using Drover.Executor;
using Drover.Executor.Machines;
using Drover.Executor.Simulated;

namespace Drover.Conformance.Tests.Machines;

/// <summary>The simulated driver with the real guest agent as its child.</summary>
public sealed class SimulatedMachineTests : MachineDriverConformance
{
    private protected override string? ImageFolder => null;

    private protected override string? StateDirectory => null;

    private protected override ExecutorOptions Options => new() { AgentProgram = Installed.Agent };

    private protected override void Require()
    {
        if (Installed.Agent is null)
        {
            Assert.Skip("There is no drover-agent: set DROVER_TEST_AGENT or build it into artifacts/drover.");
        }
    }

    private protected override MachineTask Complete(MachineTask task, StandInServer server) => task with { Accelerator = "simulated" };

    private protected override IMachineDriver NewDriver(MachineContext context) => new SimulatedDriver(context);
}
