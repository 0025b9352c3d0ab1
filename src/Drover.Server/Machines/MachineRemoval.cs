using Drover.Server.Processes;
using Drover.Server.Storage;

namespace Drover.Server.Machines;

/// <summary>Starts the removal of a machine from whatever it is doing.</summary>
internal static class MachineRemoval
{
    public static async Task StartAsync(AppDb db, ProcessEngine engine, MachineRow machine, CancellationToken cancellationToken)
    {
        await engine.CancelAsync(db, MachineProcesses.ResourceType, machine.Id, "The machine is being removed.", cancellationToken);
        if (!engine.TryStart(db, machine, MachineProcesses.Remove))
        {
            throw new InvalidOperationException($"A machine cannot be removed from state {machine.State}.");
        }
    }
}
