using System.Security.Cryptography;
using System.Text.Json;
using Drover.Api.Machines;
using Drover.Executor;
using Drover.Executor.Machines;
using Drover.Executor.Qemu;

namespace Drover.Conformance.Tests.Machines;

/// <summary>QEMU with the built guest image and its real Docker.</summary>
[Trait("needs", "qemu")]
[Collection(nameof(QemuMachineTests))]
public sealed class QemuMachineTests : MachineDriverConformance, IClassFixture<SharedState>
{
    private readonly SharedState state;

    public QemuMachineTests(SharedState state) => this.state = state;

    private protected override string? ImageFolder => Installed.Image;

    private protected override string? StateDirectory => state.Folder;

    private protected override ExecutorOptions Options => new();

    private protected override void Require() => QemuRequirement.Check();

    private protected override MachineTask Complete(MachineTask task, StandInServer server) => QemuRequirement.Complete(task, server);

    private protected override IMachineDriver NewDriver(MachineContext context) => new QemuDriver(context);
}

/// <summary>A state folder for all tests of a class, or, where <c>DROVER_TEST_TEMPLATES</c> names one, of the whole run: images and templates in it are made once.</summary>
public sealed class SharedState : IDisposable
{
    private static readonly string? Given = Environment.GetEnvironmentVariable("DROVER_TEST_TEMPLATES");

    public string Folder { get; } = Given is { Length: > 0 } ? Directory.CreateDirectory(Given).FullName : Directory.CreateTempSubdirectory("drover-state-").FullName;

    public void Dispose()
    {
        if (string.IsNullOrEmpty(Given))
        {
            Directory.Delete(Folder, recursive: true);
        }
    }
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
