using System.Net.Sockets;
using Drover.Executor.Disks;
using Drover.Executor.Images;
using Drover.Executor.Machines;
using Drover.Executor.Processes;
using Drover.Executor.Templates;
using Microsoft.Win32.SafeHandles;

namespace Drover.Executor.Qemu;

/// <summary>Makes a template of a machine whose guest is prepared.</summary>
/// <remarks>The processors stop; QEMU writes the devices' state to us and ends; then the memory, which is ours, and the disk are put beside it.
/// Until the draft is published there is no template, and a draft whose maker died is removed by the next.</remarks>
internal sealed class QemuFreeze(MachineContext context, QemuUser user, TemplateDraft draft, SafeFileHandle memory, long diskBytes)
{
    private const string StateSocket = "state.sock";

    internal async Task RunAsync(QemuMachine machine, IProgress<string> progress, CancellationToken cancellationToken)
    {
        DiskSpace.Require(draft.PathOf(""), FileSync.AllocatedBytes(BootMedium.Inherit(memory)), "for the template's memory");
        await machine.PauseAsync(cancellationToken);
        Reached("template.paused");
        await SaveStateAsync(machine, cancellationToken);
        Reached("template.state");
        await machine.QuitAsync(cancellationToken);
        await machine.Exited.WaitAsync(cancellationToken);

        progress.Report("The template is written to the disk.");
        MoveDisk();
        Reached("template.disk");
        await OverlayDisk.CreateEmptyAsync(context.Options.QemuImageProgram, draft.PathOf(TemplateLease.EmptyDiskFile), diskBytes, cancellationToken);
        var digest = await Task.Run(() => WriteMemory(cancellationToken), cancellationToken);
        Reached("template.memory");
        await draft.PublishAsync(
            diskBytes, context.Time.GetUtcNow(), new Dictionary<string, string>(StringComparer.Ordinal) { [TemplateLease.MemoryFile] = digest }, cancellationToken);
    }

    /// <summary>Removes what a freezing that was broken off left in the sandbox.</summary>
    internal static void Remove(string sandbox) => File.Delete(Path.Combine(sandbox, StateSocket));

    private async Task SaveStateAsync(QemuMachine machine, CancellationToken cancellationToken)
    {
        using var listener = SandboxSocket.Listen(context.Sandbox, StateSocket);
        SandboxAccess.Give(context.Sandbox, user.User, StateSocket);
        var received = ReceiveAsync(listener, cancellationToken);
        await machine.SaveStateAsync(StateSocket, cancellationToken);
        await received;
    }

    private async Task ReceiveAsync(Socket listener, CancellationToken cancellationToken)
    {
        using var socket = await listener.AcceptAsync(cancellationToken);
        await using var source = new NetworkStream(socket);
        await using var target = new FileStream(draft.PathOf(TemplateLease.StateFile), FileMode.CreateNew, FileAccess.Write);
        await source.CopyToAsync(target, cancellationToken);
    }

    /// <summary>QEMU is gone, so nobody writes the disk any more; from now on nobody may.</summary>
    private void MoveDisk()
    {
        var target = draft.PathOf(TemplateLease.DiskFile);
        File.Move(Path.Combine(context.Sandbox, OverlayDisk.FileName), target);
        _ = LibC.ChangeOwner(target, LibC.EffectiveUser(), uint.MaxValue);
    }

    private string WriteMemory(CancellationToken cancellationToken)
    {
        var length = RandomAccess.GetLength(memory);
        using var file = File.OpenHandle(draft.PathOf(TemplateLease.MemoryFile), FileMode.CreateNew, FileAccess.ReadWrite);
        RandomAccess.SetLength(file, length);
        return SparseCopy.Run(memory, file, length, cancellationToken);
    }

    private void Reached(string step) => context.Options.Reached?.Invoke(step + ":after");
}
