using Drover.Api.Machines;
using Drover.Executor.Disks;
using Drover.Executor.Ledger;
using Drover.Executor.Machines;
using Drover.Executor.Qemu;
using Drover.Executor.Simulated;

namespace Drover.Executor.Session;

/// <summary>Chooses the driver of a task and begins the machine's life.</summary>
internal static class MachineStart
{
    internal const string ConsoleFileName = "console.log";

    internal static (MachineSupervisor Supervisor, Task Life) Begin(
        MachineTask task, string taskId, string sandbox, ExecutorOptions options, TimeProvider time, Action<MachineUpdate> report)
    {
        var console = new RingLog(Path.Combine(sandbox, ConsoleFileName));
        var context = new MachineContext
        {
            Task = task,
            TaskId = taskId,
            Sandbox = sandbox,
            StateDirectory = options.StateDirectory ?? task.StateDirectory,
            CacheDirectory = options.CacheDirectory ?? task.CacheDirectory ?? options.StateDirectory ?? task.StateDirectory,
            Options = options,
            Time = time,
            Console = console,
        };
        IMachineDriver driver = task.Kind == TaskKind.Discard ? new DiscardDriver(context)
            : task.Accelerator == SimulatedDriver.AcceleratorName ? new SimulatedDriver(context) : new QemuDriver(context);
        var ledgered = new LedgeredDriver(driver, context, taskId);
        var supervisor = new MachineSupervisor(context, ledgered, taskId, report);
        return (supervisor, LiveAsync(supervisor, ledgered, console, context));
    }

    private static async Task LiveAsync(MachineSupervisor supervisor, LedgeredDriver ledgered, RingLog console, MachineContext context)
    {
        // The caller stores the supervisor first: reports may come at once.
        await Task.Yield();
        using (console)
        using (ledgered)
        {
            var sweep = SweepAsync(context);
            try
            {
                await supervisor.RunAsync();
            }
            finally
            {
                await sweep;
            }

            if (console.Fault is { } fault)
            {
                context.Options.Log($"{ConsoleFileName} has gaps: {fault}");
            }
        }
    }

    /// <summary>Clears up after others of this computer that had no chance to.</summary>
    private static async Task SweepAsync(MachineContext context)
    {
        await Task.Yield();
        foreach (var sentence in await LedgerSweep.RunAsync(context.StateDirectory, context.Options, CancellationToken.None))
        {
            context.Options.Log(sentence);
        }
    }
}
