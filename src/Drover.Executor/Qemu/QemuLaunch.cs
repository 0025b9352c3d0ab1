using System.ComponentModel;
using System.Net.Sockets;
using Drover.Executor.Disks;
using Drover.Executor.Machines;
using Drover.Executor.Processes;
using Microsoft.Win32.SafeHandles;

namespace Drover.Executor.Qemu;

/// <summary>Starts QEMU processes of one machine: one, or a second after a copy that did not come up.</summary>
internal sealed class QemuLaunch(MachineContext context, QemuUser user, RingLog log)
{
    /// <summary>Many guests that come up at once would leave nothing for those that start, watch and register them.</summary>
    private const int StandsBack = 5;

    /// <summary>Starts QEMU and returns when its devices stand.</summary>
    /// <param name="inherited">Descriptors that it gets, under their numbers.</param>
    /// <param name="own">Files of the sandbox that must belong to QEMU's user, beside those that every QEMU has.</param>
    /// <exception cref="MachineException">It does not start; the message holds its last words.</exception>
    internal async Task<QemuMachine> RunAsync(
        QemuPlan plan, IReadOnlyList<SafeFileHandle> inherited, IReadOnlyList<string> own, IGuestChannel guest, CancellationToken cancellationToken)
    {
        using var monitor = SandboxSocket.Listen(context.Sandbox, QemuPlan.MonitorSocket);
        SandboxAccess.Give(context.Sandbox, user.User, [OverlayDisk.FileName, GuestChannel.SocketName, QemuPlan.MonitorSocket, .. own]);
        var spec = new ProcessSpec
        {
            Program = context.Options.QemuProgram,
            Arguments = plan.Arguments(),
            Environment = Environment(),
            WorkingDirectory = context.Sandbox,
            Inherited = inherited,
            User = user.User,
            TakesInput = true,
            DiesWithParent = true,
            Niceness = StandsBack,
        };
        ChildProcess child;
        try
        {
            child = await ChildProcess.StartAsync(spec);
        }
        catch (Win32Exception e)
        {
            throw new MachineException($"QEMU {e.Message}.", e);
        }

        var machine = new QemuMachine(context, child, ProcessRecord.Of(child, spec), spec.User, guest, log);
        try
        {
            await ConnectAsync(machine, monitor, cancellationToken);
            return machine;
        }
        catch
        {
            await EndAsync(machine);
            throw;
        }
    }

    /// <summary>A QEMU has few threads that allocate, and many QEMUs share a computer: one arena, and what is free at its end goes back (mallopt(3)).</summary>
    private static Dictionary<string, string> Environment() => new(ChildEnvironment.OfThisProcess(), StringComparer.Ordinal)
    {
        ["MALLOC_ARENA_MAX"] = "1",
        ["MALLOC_TRIM_THRESHOLD_"] = "131072",
    };

    /// <summary>Ends a QEMU that is not used.</summary>
    internal static async Task EndAsync(QemuMachine machine)
    {
        machine.Kill();
        await machine.Exited;
        await machine.DisposeAsync();
    }

    /// <summary>QEMU connects to us when its devices stand: from then on it is up. If it ends before, its last words say why.</summary>
    private static async Task ConnectAsync(QemuMachine machine, Socket monitor, CancellationToken cancellationToken)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var accepted = monitor.AcceptAsync(ended.Token).AsTask();
        await Task.WhenAny(accepted, machine.Exited);
        if (machine.Exited.IsCompleted)
        {
            await ended.CancelAsync();
            throw new MachineException((await machine.Exited).Cause);
        }

        try
        {
            await machine.ConnectAsync(new NetworkStream(await accepted, ownsSocket: true), cancellationToken);
        }
        catch (IOException)
        {
            throw new MachineException((await machine.Exited.WaitAsync(cancellationToken)).Cause);
        }
    }
}
