using System.Text.Json;
using System.Text.Json.Nodes;
using Drover.Api.Machines;
using Drover.Executor;
using Drover.Executor.Machines;
using Drover.Executor.Processes;
using Drover.Executor.Qemu;
using Drover.Executor.Usage;

namespace Drover.Conformance.Tests.Machines;

/// <summary>What a guest frees on its disk and in its memory, its computer gets back.</summary>
[Trait("needs", "qemu")]
[Collection(nameof(QemuMachineTests))]
public sealed class DiscardTests(SharedState state) : IClassFixture<SharedState>
{
    private const long Filling = 64L << 20;

    [Fact]
    public async Task FilesThatAGuestRemoves_LeaveTheDisksFile_ButNotItsSnapshots()
    {
        QemuRequirement.Check();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromMinutes(10));
        await using var server = await StandInServer.StartAsync(Installed.Image, limit.Token);
        await using var lab = new MachineLab(QemuRequirement.Complete(MachineTasks.Minimal(server.RegistrationUrl), server), new ExecutorOptions(), state.Folder);
        lab.Start(new QemuDriver(lab.Context));
        await lab.UntilPhaseAsync(MachinePhase.Registered, limit.Token);
        var disk = Path.Combine(lab.Sandbox, "disk.qcow2");

        await lab.InspectAsync("fill", limit.Token);
        await UntilAsync(() => FileSync.AllocatedBytes(disk) >= Filling, limit.Token);
        var filled = FileSync.AllocatedBytes(disk);
        var used = MemoryOf(lab);
        await lab.InspectAsync("trim", limit.Token);

        // The file was in the guest's page cache too: with the file it is free, and reported.
        await UntilAsync(() => MemoryOf(lab) < used - (Filling / 2), limit.Token);
        await UntilAsync(() => FileSync.AllocatedBytes(disk) < filled - (Filling / 2), limit.Token);

        await lab.InspectAsync("fill", limit.Token);
        await UntilAsync(() => FileSync.AllocatedBytes(disk) >= filled - (Filling / 4), limit.Token);
        Assert.True((await lab.CommandAsync(MachineCommand.Snapshot, new JsonObject { ["name"] = "full" }, limit.Token)).Ok);
        await lab.InspectAsync("trim", limit.Token);
        Assert.True((await lab.CommandAsync(MachineCommand.Restore, new JsonObject { ["name"] = "full" }, limit.Token)).Ok);
        Assert.True(FileSync.AllocatedBytes(disk) >= Filling);
    }

    private static long MemoryOf(MachineLab lab) =>
        ProcessUsage.MemoryOf(JsonSerializer.Deserialize(File.ReadAllBytes(Path.Combine(lab.Sandbox, "machine.json")), MachineRecordJson.Default.MachineRecord)!.Process!.Pid).Proportional;

    /// <summary>The guest answers when its file system has written; QEMU has until then not always told its own.</summary>
    private static async Task UntilAsync(Func<bool> holds, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (!holds())
        {
            await timer.WaitForNextTickAsync(cancellationToken);
        }
    }
}
