using System.Globalization;
using System.Text.Json.Nodes;
using Drover.Api.Machines;
using Drover.Executor;
using Drover.Executor.Machines;
using Drover.Executor.Qemu;

namespace Drover.Conformance.Tests.Machines;

/// <summary>Template copies with QEMU and the built image: that no two share what must be their own, and that each works like one that was booted.</summary>
[Trait("needs", "qemu")]
[Collection(nameof(QemuMachineTests))]
public sealed class TemplateTests(SharedState state)
{
    private const int Copies = 6;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    /// <summary>What is each machine's own. First random bytes are those drawn directly after the seed; container ids are made by all at once.</summary>
    private static readonly string[] Own =
        ["firstRandom", "random", "bootId", "machineId", "engineId", "engineKey", "hostname", "mac", "dockerMac"];

    [Fact]
    public async Task Copies_StartedAtOnce_ShareNothingThatIsTheirOwnAndWork()
    {
        QemuRequirement.Check();
        using var limit = Limit();
        await using var server = await StandInServer.StartAsync(Installed.Image, limit.Token);
        await MakeAsync(server, limit.Token);

        var labs = Enumerable.Range(0, Copies).Select(number => NewLab(server, number, TaskKind.Machine)).ToArray();
        try
        {
            foreach (var lab in labs)
            {
                lab.Start(new QemuDriver(lab.Context));
            }

            var up = await Task.WhenAll(labs.Select(lab => lab.UntilPhaseAsync(MachinePhase.Registered, limit.Token)));
            Assert.All(up, update => Assert.Equal((StartWay.Template, TemplateState.Used), (update.Report.Way, update.Report.Template)));
            foreach (var (lab, update) in labs.Zip(up))
            {
                Say(lab, update);
            }

            AssertDistinct(await Task.WhenAll(labs.Select(lab => lab.InspectAsync(container: null, limit.Token))), Own);
            AssertDistinct(await Task.WhenAll(labs.Select(lab => lab.InspectAsync(container: "create", limit.Token))), "containerId");
            Assert.Equal(Copies, server.AgentKeys.Distinct(StringComparer.Ordinal).Count());

            // Running a container takes a quarter of a minute of the processors here: the last copy stands for all.
            var (last, facts) = (labs[^1], await labs[^1].InspectAsync(container: "run", limit.Token));
            Assert.Equal(last.Context.Task.Hostname, facts["hostname"]);
            Assert.Equal(last.Context.Task.ExternalId.Replace("-", "", StringComparison.Ordinal), facts["machineId"]);
            Assert.Equal(facts["engineKey"], facts["engineId"]);
            Assert.InRange(Math.Abs(TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() - long.Parse(facts["clock"], CultureInfo.InvariantCulture)), 0, Patience.TotalMilliseconds);
            Assert.Equal("0", facts["containerStatus"]);
            Assert.Contains("stored", facts["containerOutput"], StringComparison.Ordinal);
            Assert.Contains("nameserver 10.0.2.3", facts["containerOutput"], StringComparison.Ordinal);
            Assert.Contains("reached", facts["containerOutput"], StringComparison.Ordinal);
        }
        finally
        {
            foreach (var lab in labs)
            {
                await lab.DisposeAsync();
            }
        }
    }

    [Fact]
    public async Task Copies_OneAfterAnother_ReadTheMemoryAnewEachTime()
    {
        QemuRequirement.Check();
        using var limit = Limit();
        await using var server = await StandInServer.StartAsync(Installed.Image, limit.Token);
        await MakeAsync(server, limit.Token);
        for (var number = 0; number < 3; number++)
        {
            await using var lab = NewLab(server, number, TaskKind.Machine);
            lab.Start(new QemuDriver(lab.Context));
            var update = await lab.UntilPhaseAsync(MachinePhase.Registered, limit.Token);
            Assert.Equal(StartWay.Template, update.Report.Way);
            Say(lab, update);
        }
    }

    /// <summary>A copy has the template between its disk and the image, and memory that it shares: it must start from its disk all the same.</summary>
    [Fact]
    public async Task Copy_RebootedAndBroughtBack_StartsFromItsOwnDisk()
    {
        QemuRequirement.Check();
        using var limit = Limit();
        await using var server = await StandInServer.StartAsync(Installed.Image, limit.Token);
        await MakeAsync(server, limit.Token);
        await using var lab = NewLab(server, 1, TaskKind.Machine);
        lab.Start(new QemuDriver(lab.Context));
        Assert.Equal(StartWay.Template, (await lab.UntilPhaseAsync(MachinePhase.Registered, limit.Token)).Report.Way);
        var before = await lab.InspectAsync(container: null, limit.Token);
        foreach (var (verb, arguments) in new (string, JsonObject)[]
        {
            (MachineCommand.Snapshot, new() { ["name"] = "before" }),
            (MachineCommand.Reboot, new() { ["force"] = true }),
            (MachineCommand.Restore, new() { ["name"] = "before" }),
        })
        {
            var outcome = await lab.CommandAsync(verb, arguments, limit.Token);
            Assert.True(outcome.Ok, $"{verb}: {outcome.Message}");
        }

        var after = await lab.InspectAsync(container: "run", limit.Token);
        Assert.Equal((before["machineId"], before["engineId"]), (after["machineId"], after["engineId"]));
        Assert.NotEqual(before["bootId"], after["bootId"]);
        Assert.Equal("0", after["containerStatus"]);
    }

    [Fact]
    public async Task Spare_OfATemplate_WaitsAndBecomesWhoClaimsIt()
    {
        QemuRequirement.Check();
        using var limit = Limit();
        await using var server = await StandInServer.StartAsync(Installed.Image, limit.Token);
        await MakeAsync(server, limit.Token);
        await using var lab = NewLab(server, 1, TaskKind.Spare);
        lab.Start(new QemuDriver(lab.Context));
        var parked = await lab.UntilPhaseAsync(MachinePhase.Parked, limit.Token);
        Assert.Equal((StartWay.Template, MachineStage.Docker, StageStatus.Done), (parked.Report.Way, parked.Report.Stage, parked.Report.Status));
        Assert.False(server.Linked.Task.IsCompleted);

        var wanted = lab.Context.Task with { Kind = TaskKind.Machine, ExternalId = "7b8e0c0e-6a0c-4d0b-9d0e-0f6f3b1c7a01", Hostname = "claimed-1", Name = "claimed-1" };
        await lab.CommandAsync(new MachineCommand { Id = "c1", Verb = MachineCommand.Claim, TaskId = "task-1", Task = wanted });
        var up = await lab.UntilPhaseAsync(MachinePhase.Registered, limit.Token);

        Assert.Equal((StartWay.Warm, MachineStage.Register), (up.Report.Way, Assert.Single(up.Report.Stages).Stage));
        Assert.Equal(wanted.ExternalId, (await server.Linked.Task.WaitAsync(limit.Token)).Uuid);
        var seen = await lab.InspectAsync(container: null, limit.Token);
        Assert.Equal(("claimed-1", wanted.ExternalId.Replace("-", "", StringComparison.Ordinal)), (seen["hostname"], seen["machineId"]));
        Say(lab, up);
    }

    [Fact]
    public async Task Executors_KilledWhileTheyMakeOrCopyATemplate_LeaveNothingThatStopsTheNext()
    {
        QemuRequirement.Check();
        using var limit = Limit();
        await using var server = await StandInServer.StartAsync(Installed.Image, limit.Token);
        var folder = Directory.CreateTempSubdirectory("drover-killed-").FullName;
        try
        {
            var templates = Path.Combine(folder, "templates");
            foreach (var made in new[] { "*.draft", "*.draft/state", "*.draft/ram" })
            {
                await KilledWhenAsync(TaskOf(server, 99, TaskKind.Template), folder, () => Exists(templates, made), limit.Token);
                Assert.DoesNotContain(Directory.EnumerateDirectories(templates), path => Path.GetFileName(path).Length == 32);
            }

            await using (var maker = new MachineLab(TaskOf(server, 98, TaskKind.Template), new ExecutorOptions(), folder))
            {
                maker.Start(new QemuDriver(maker.Context));
                Assert.Equal(MachinePhase.Finished, await maker.Life.WaitAsync(limit.Token));
            }

            Assert.False(Exists(templates, "*.draft"), "a draft is left");
            await KilledWhenAsync(TaskOf(server, 1, TaskKind.Machine), folder, () => Exists(templates, "*.holders/*"), limit.Token);
            await using var copy = new MachineLab(TaskOf(server, 2, TaskKind.Machine), new ExecutorOptions(), folder);
            copy.Start(new QemuDriver(copy.Context));
            var up = await copy.UntilPhaseAsync(MachinePhase.Registered, limit.Token);

            Assert.True(up.Report.Way == StartWay.Template, up.Report.WayReason);
            Assert.Single(Directory.EnumerateFiles(Directory.EnumerateDirectories(templates, "*.holders").Single()));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void AssertDistinct(IReadOnlyList<IReadOnlyDictionary<string, string>> seen, params IEnumerable<string> facts)
    {
        foreach (var fact in facts)
        {
            Assert.All(seen, of => Assert.NotEmpty(of[fact]));
            var values = seen.Select(of => of[fact]).ToArray();
            Assert.True(values.Distinct(StringComparer.Ordinal).Count() == values.Length, $"copies share {fact}: {string.Join(", ", values)}");
        }
    }

    private static bool Exists(string folder, string pattern)
    {
        var parts = pattern.Split('/');
        return Directory.Exists(folder) && Directory.EnumerateDirectories(folder, parts[0]).Any(path => parts.Length == 1 || Directory.EnumerateFiles(path, parts[1]).Any());
    }

    private static async Task KilledWhenAsync(MachineTask task, string state, Func<bool> reached, CancellationToken cancellationToken)
    {
        await using var executor = await ExecutorLab.StartAsync(task, state);
        while (!reached())
        {
            Assert.False(executor.Process.HasExited, "the executor ended before");
            await Task.Delay(2, cancellationToken);
        }

        executor.Process.Kill();
        await executor.Process.WaitForExitAsync(cancellationToken);
    }

    /// <summary>For people: the times of the stages, the executor's words, and what QEMU's processors did.</summary>
    private static void Say(MachineLab lab, MachineUpdate update)
    {
        var stages = update.Report.Stages.Select(stage => string.Create(CultureInfo.InvariantCulture, $"{stage.Stage} {(stage.FinishedAt - stage.StartedAt)?.TotalSeconds:0.000}"));
        TestContext.Current.SendDiagnosticMessage($"{update.Report.Way}: {string.Join(" ", stages)}; {string.Join("; ", lab.Log)}; QEMU's CPU time {lab.CpuSeconds():0.00} s");
    }

    private Task MakeAsync(StandInServer server, CancellationToken cancellationToken) => state.MakeTemplateAsync(TaskOf(server, 99, TaskKind.Template), cancellationToken);

    private MachineLab NewLab(StandInServer server, int number, string kind) => new(TaskOf(server, number, kind), new ExecutorOptions(), state.Folder, state.Cache);

    private static MachineTask TaskOf(StandInServer server, int number, string kind) => QemuRequirement.Complete(MachineTasks.Minimal(server.RegistrationUrl), server) with
    {
        ExternalId = $"6b8e0c0e-6a0c-4d0b-9d0e-0f6f3b1c7a{number:00}",
        Name = $"copy-{number}",
        Hostname = $"copy-{number}",
        Kind = kind,
    };

    private static CancellationTokenSource Limit()
    {
        var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(Patience);
        return limit;
    }
}
