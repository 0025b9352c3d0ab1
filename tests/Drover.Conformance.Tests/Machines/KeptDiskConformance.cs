using System.Text.Json.Nodes;
using Drover.Api.Machines;
using Drover.Executor.Machines;

namespace Drover.Conformance.Tests.Machines;

/// <summary>What every driver does with disks that go from one task to another.</summary>
public abstract partial class MachineDriverConformance
{
    [Fact]
    public async Task Vacate_ThenAnotherTask_IsTheSameMachineWithAnotherSize()
    {
        Require();
        using var limit = Limit();
        using var folder = new SharedFolder();
        await using var server = await StandInServer.StartAsync(ImageFolder, limit.Token);
        var task = Complete(MachineTasks.Minimal(server.RegistrationUrl), server);
        await using var first = new MachineLab(task, Options, folder.Path);
        first.Start(NewDriver(first.Context));
        await first.UntilPhaseAsync(MachinePhase.Registered, limit.Token);
        var process = RecordOf(first).Process;
        await OkAsync(first, MachineCommand.Snapshot, limit.Token, new JsonObject { ["name"] = "before" });

        await OkAsync(first, MachineCommand.Vacate, limit.Token);
        Assert.Equal(MachinePhase.Vacated, await first.Life.WaitAsync(limit.Token));
        AssertNothingLeft(first, process);
        Assert.True(File.Exists(Path.Combine(folder.Path, "disks", task.ExternalId, "kept.json")));

        await using var second = new MachineLab(task with { Kept = true, Cpus = 2, MemoryBytes = 896L << 20 }, Options, folder.Path);
        second.Start(NewDriver(second.Context));
        var up = await second.UntilPhaseAsync(MachinePhase.Registered, limit.Token);
        Assert.Contains("its own disk", up.Report.WayReason!, StringComparison.Ordinal);
        Assert.Single(server.AgentKeys.Distinct(StringComparer.Ordinal));
        var kept = await second.CommandAsync(MachineCommand.Snapshot, new JsonObject { ["name"] = "after" }, limit.Token);
        Assert.Equal(["before", "after"], kept.Data!["snapshots"]!.AsArray().Select(s => (string)s!["name"]!));
        await OkAsync(second, MachineCommand.Settle, limit.Token);
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(folder.Path, "disks")));

        // What lies beneath the disk came along too: it can go on once more, and back.
        await OkAsync(second, MachineCommand.Restore, limit.Token, new JsonObject { ["name"] = "before" });
        await OkAsync(second, MachineCommand.Vacate, limit.Token);
        Assert.Equal(MachinePhase.Vacated, await second.Life.WaitAsync(limit.Token));
        await using var gone = new MachineLab(task with { Kind = TaskKind.Discard }, Options, folder.Path);
        gone.Start(new Drover.Executor.Disks.DiscardDriver(gone.Context));
        Assert.Equal(MachinePhase.Finished, await gone.Life.WaitAsync(limit.Token));
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(folder.Path, "disks")));
    }

    [Fact]
    public async Task Task_WithoutTheDisksThatItIsToStartFrom_SaysThatTheyAreMissing()
    {
        Require();
        using var limit = Limit();
        using var folder = new SharedFolder();
        await using var server = await StandInServer.StartAsync(ImageFolder, limit.Token);
        await using var lab = new MachineLab(Complete(MachineTasks.Minimal(server.RegistrationUrl), server) with { Kept = true }, Options, folder.Path);
        lab.Start(NewDriver(lab.Context));
        Assert.Equal(MachinePhase.Failed, await lab.Life.WaitAsync(limit.Token));
        Assert.True(lab.Last.Report.DisksMissing);
    }

    /// <summary>A state folder that several tasks of one computer share.</summary>
    private sealed class SharedFolder : IDisposable
    {
        public string Path { get; } = Directory.CreateTempSubdirectory("drover-kept-").FullName;

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }
}
