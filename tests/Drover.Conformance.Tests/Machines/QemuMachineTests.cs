using System.Security.Cryptography;
using System.Text.Json;
using Drover.Api.Machines;
using Drover.Executor;
using Drover.Executor.Machines;
using Drover.Executor.Qemu;

[assembly: AssemblyFixture(typeof(Drover.Conformance.Tests.Machines.SharedState))]

namespace Drover.Conformance.Tests.Machines;

/// <summary>QEMU with the built guest image and its real Docker.</summary>
[Trait("needs", "qemu")]
[Collection(nameof(QemuMachineTests))]
public sealed class QemuMachineTests : MachineDriverConformance
{
    private readonly SharedState state;

    public QemuMachineTests(SharedState state) => this.state = state;

    private protected override string? ImageFolder => Installed.Image;

    private protected override string? StateDirectory => state.Folder;

    private protected override string? CacheDirectory => state.Cache;

    private protected override Task MakeTemplateAsync(StandInServer server, CancellationToken cancellationToken) =>
        state.MakeTemplateAsync(Complete(MachineTasks.Minimal(server.RegistrationUrl), server), cancellationToken);

    private protected override ExecutorOptions Options => new();

    private protected override void Require() => QemuRequirement.Check();

    private protected override MachineTask Complete(MachineTask task, StandInServer server) => QemuRequirement.Complete(task, server);

    private protected override IMachineDriver NewDriver(MachineContext context) => new QemuDriver(context);
}

/// <summary>What the tests of this program share: a state folder, and the run's cache of images and templates, so that a template is made once.</summary>
public sealed class SharedState : IDisposable
{
    public string Folder { get; } = Directory.CreateTempSubdirectory("drover-state-").FullName;

    /// <summary><c>DROVER_TEST_CACHE</c>, which <c>./drover test</c> names for all its programs; else of this program.</summary>
    public string Cache => Environment.GetEnvironmentVariable("DROVER_TEST_CACHE") is { Length: > 0 } given ? given : Folder;

    /// <summary>Has the template of the tests' machines made, unless it is there: the maker itself looks.</summary>
    internal async Task MakeTemplateAsync(MachineTask task, CancellationToken cancellationToken)
    {
        await using var maker = new MachineLab(task with { Kind = TaskKind.Template, StartFrom = "auto" }, new ExecutorOptions(), Folder, Cache);
        maker.Start(new QemuDriver(maker.Context));
        var end = await maker.Life.WaitAsync(cancellationToken);
        Assert.True(end == MachinePhase.Finished, $"{end}: {maker.Last.Report.Message} {string.Join("\n", maker.Log)}");
        Assert.Empty(maker.FilesLeft.Except(["console.log", "machine.json", "qemu.log"]));
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}

internal static class QemuRequirement
{
    internal static void Check()
    {
        Assert.SkipUnless(Installed.InPath("qemu-system-x86_64") && Installed.InPath("qemu-img"), "QEMU is not installed.");
        Assert.SkipWhen(Installed.Image is null, "There is no guest image: ./drover image build, or set DROVER_TEST_IMAGE to its folder.");
    }

    internal static MachineTask Complete(MachineTask task, StandInServer server)
    {
        var manifest = File.ReadAllBytes(Path.Combine(Installed.Image!, "manifest.json"));
        var read = JsonSerializer.Deserialize(manifest, MachineJson.Default.ImageManifest)!;
        return task with
        {
            Image = new GuestImage
            {
                Name = read.Name,
                Digest = Convert.ToHexStringLower(SHA256.HashData(manifest)),
                KernelArguments = read.KernelArguments,
                Files = [.. read.Files.Select(file => file with { Url = $"{server.Root}files/{file.Name}" })],
            },
        };
    }
}
