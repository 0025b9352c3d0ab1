using System.Text.Json;
using System.Text.Json.Nodes;
using Drover.Api.Machines;
using Drover.Executor.Machines;
using Drover.Testing;

namespace Drover.Conformance.Tests.Machines;

/// <summary>What every driver does with a machine that is there: off and on, and back to a snapshot.</summary>
public abstract partial class MachineDriverConformance
{
    [Fact]
    public async Task Commands_StopStartRebootSnapshotRestore_KeepTheMachineAndItsTask()
    {
        Require();
        using var limit = Limit();
        await using var server = await StandInServer.StartAsync(ImageFolder, limit.Token);
        await MakeTemplateAsync(server, limit.Token);
        await using var lab = NewLab(server, task => task with { Limits = new MachineLimits { DiskOperations = 5000 } });
        lab.Start(NewDriver(lab.Context));
        await lab.UntilPhaseAsync(MachinePhase.Registered, limit.Token);
        var process = RecordOf(lab).Process;

        var kept = await lab.CommandAsync(MachineCommand.Snapshot, new JsonObject { ["name"] = "before" }, limit.Token);
        Assert.Equal("before", (string?)Assert.Single(kept.Data!["snapshots"]!.AsArray())!["name"]);
        await OkAsync(lab, MachineCommand.Limit, limit.Token, new JsonObject { ["diskBytes"] = 200L << 20 });
        await OkAsync(lab, MachineCommand.Resize, limit.Token, new JsonObject { ["disk"] = 12L << 30 });

        var port = TestPort.Take();
        var opened = await lab.CommandAsync(MachineCommand.Forward, new JsonObject { ["ports"] = new JsonArray($"{port}:80", $"{TestPort.Take()}:81") }, limit.Token);
        Assert.Equal($"{port}:80", (string?)opened.Data!["ports"]![0]);
        Assert.Empty((await lab.CommandAsync(MachineCommand.Forward, new JsonObject { ["ports"] = new JsonArray() }, limit.Token)).Data!["ports"]!.AsArray());
        Assert.Equal($"{port}:81", (string?)(await lab.CommandAsync(MachineCommand.Forward, new JsonObject { ["ports"] = new JsonArray($"{port}:81") }, limit.Token)).Data!["ports"]![0]);

        await OkAsync(lab, MachineCommand.Stop, limit.Token);
        Assert.Equal(MachinePhase.Off, lab.Last.Phase);
        var refused = await lab.CommandAsync(MachineCommand.Reboot, null, limit.Token);
        Assert.False(refused.Ok);
        Assert.Contains("start it", refused.Message!, StringComparison.Ordinal);
        await OkAsync(lab, MachineCommand.Start, limit.Token);
        Assert.Equal(MachinePhase.Registered, lab.Last.Phase);

        await OkAsync(lab, MachineCommand.Reboot, limit.Token, new JsonObject { ["force"] = true });
        Assert.Equal(MachinePhase.Registered, lab.Last.Phase);

        var back = await lab.CommandAsync(MachineCommand.Restore, new JsonObject { ["name"] = "before" }, limit.Token);
        Assert.True(back.Ok, back.Message);
        Assert.Equal(MachinePhase.Registered, lab.Last.Phase);
        Assert.False((await lab.CommandAsync(MachineCommand.Restore, new JsonObject { ["name"] = "other" }, limit.Token)).Ok);
        var none = await lab.CommandAsync(MachineCommand.RemoveSnapshot, new JsonObject { ["name"] = "before" }, limit.Token);
        Assert.Empty(none.Data!["snapshots"]!.AsArray());

        var check = await lab.CommandAsync(MachineCommand.Check, null, limit.Token);
        Assert.True(check.Ok, check.Message);
        Assert.True((double)check.Data!["check"]!["seconds"]! >= 0);

        var usage = await UsageAsync(lab, limit.Token);
        Assert.NotEmpty(usage.Samples);
        Assert.All(usage.Samples, sample => Assert.True(sample.MemoryBytes > 0 && sample.MemoryBytes <= sample.ResidentBytes));

        await OkAsync(lab, MachineCommand.Stop, limit.Token, new JsonObject { ["force"] = true });
        await lab.StopAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(MachinePhase.Stopped, await lab.Life.WaitAsync(limit.Token));
        AssertNothingLeft(lab, process);
        Assert.DoesNotContain(lab.Log, line => line.Contains("unexpected", StringComparison.Ordinal));
    }

    /// <summary>The second measurement writes the file: it is there soon after the machine runs.</summary>
    private static async Task<MachineUsageFile> UsageAsync(MachineLab lab, CancellationToken token)
    {
        var path = Path.Combine(lab.Sandbox, MachineUsageFile.FileName);
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (!File.Exists(path))
        {
            await pace.WaitForNextTickAsync(token);
        }

        return JsonSerializer.Deserialize(await File.ReadAllBytesAsync(path, token), MachineJson.Default.MachineUsageFile)!;
    }

    private static async Task OkAsync(MachineLab lab, string verb, CancellationToken token, JsonObject? arguments = null)
    {
        var outcome = await lab.CommandAsync(verb, arguments, token);
        Assert.True(outcome.Ok, $"{verb}: {outcome.Message}");
    }
}
