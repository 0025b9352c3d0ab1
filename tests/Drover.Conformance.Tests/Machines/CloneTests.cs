using System.Text.Json.Nodes;
using Drover.Api.Machines;
using Drover.Executor;
using Drover.Executor.Machines;
using Drover.Executor.Qemu;

namespace Drover.Conformance.Tests.Machines;

/// <summary>Clones with QEMU and the built image: they begin with the source's disk, and share nothing with it that is its own.</summary>
[Trait("needs", "qemu")]
[Collection(nameof(QemuMachineTests))]
public sealed class CloneTests(SharedState state) : IClassFixture<SharedState>
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);
    private static readonly string[] Own = ["random", "bootId", "machineId", "engineId", "engineKey", "hostname", "mac", "dockerMac"];

    [Fact]
    public async Task Clones_OfARunningMachine_HaveItsContainersAndNothingThatIsItsOwn()
    {
        QemuRequirement.Check();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(Patience);
        await using var server = await StandInServer.StartAsync(Installed.Image, limit.Token);
        await using var source = NewLab(server, 0);
        source.Start(new QemuDriver(source.Context));
        await source.UntilPhaseAsync(MachinePhase.Registered, limit.Token);
        var made = await source.InspectAsync("keep", limit.Token);

        var clones = new[] { NewLab(server, 1), NewLab(server, 2) };
        try
        {
            foreach (var clone in clones)
            {
                var task = clone.Context.Task;
                var copied = await source.CommandAsync(MachineCommand.Copy, new JsonObject { ["to"] = task.ExternalId, ["machineId"] = task.MachineId, ["name"] = task.Name }, limit.Token);
                Assert.True(copied.Ok, copied.Message);
            }

            Assert.Equal(MachinePhase.Registered, source.Last.Phase);
            foreach (var clone in clones)
            {
                clone.Start(new QemuDriver(clone.Context));
            }

            foreach (var clone in clones)
            {
                var up = await clone.UntilPhaseAsync(MachinePhase.Registered, limit.Token);
                Assert.Contains("copy of the disk of 'clone-0'", up.Report.WayReason!, StringComparison.Ordinal);
            }

            Assert.Equal(3, server.AgentKeys.Distinct(StringComparer.Ordinal).Count());
            var facts = new List<IReadOnlyDictionary<string, string>>();
            foreach (var lab in clones.Prepend(source))
            {
                facts.Add(await lab.InspectAsync(null, limit.Token));
            }

            foreach (var name in Own)
            {
                Assert.Equal(3, facts.Select(f => f[name]).Where(value => value.Length > 0).Distinct(StringComparer.Ordinal).Count());
            }

            Assert.All(facts, f => Assert.Equal(f["engineKey"], f["engineId"]));
            Assert.All(facts, f => Assert.Equal("1", f["containers"]));
            Assert.NotEqual(made["containerId"], (await clones[0].InspectAsync("create", limit.Token))["containerId"]);

            // The source goes, and what it was copied from too: a clone does not notice.
            await source.StopAsync(TimeSpan.Zero);
            Assert.Equal(MachinePhase.Stopped, await source.Life.WaitAsync(limit.Token));
            var reboot = await clones[0].CommandAsync(MachineCommand.Reboot, null, limit.Token);
            Assert.True(reboot.Ok, reboot.Message);
            Assert.Equal(facts[1]["engineId"], (await clones[0].InspectAsync(null, limit.Token))["engineId"]);
        }
        finally
        {
            foreach (var clone in clones)
            {
                await clone.DisposeAsync();
            }
        }
    }

    private MachineLab NewLab(StandInServer server, int number) => new(
        QemuRequirement.Complete(MachineTasks.Minimal(server.RegistrationUrl), server) with
        {
            ExternalId = $"5c8e0c0e-6a0c-4d0b-9d0e-0f6f3b1c7a{number:00}",
            MachineId = $"1ph{number}",
            Name = $"clone-{number}",
            Hostname = $"clone-{number}",
            Kept = number > 0,
        },
        new ExecutorOptions(),
        state.Folder);
}
