using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text.Json;
using Drover.Api.Machines;
using Drover.Scheduler.Artifacts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Drover.Scheduler.Tests.Artifacts;

public sealed class ArtifactTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("scheduler-").FullName;
    private readonly SchedulerOptions _options;
    private readonly ArtifactCatalog _catalog;

    public ArtifactTests()
    {
        _options = new SchedulerOptions { CattleUrl = "http://server:8080/v1", ProgramsDirectory = _folder, ImagesDirectory = Path.Combine(_folder, "images") };
        _catalog = new ArtifactCatalog(_options);
    }

    [Fact]
    public async Task ProgramsAsync_Executor_IsNamedByItsContent()
    {
        Write("drover-executor", "one");
        var program = Assert.Single(await _catalog.ProgramsAsync());
        Assert.Equal(($"http://server:8080/artifacts/sha256/{Sha("one")}/drover-executor", 3L), (program.Url, program.Size));
    }

    [Fact]
    public async Task ProgramsAsync_Missing_SaysWhichFile()
    {
        var e = await Assert.ThrowsAsync<ArtifactException>(_catalog.ProgramsAsync);
        Assert.Contains(Path.Combine(_folder, "drover-executor"), e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ProgramsAsync_Simulated_TakesTheAgentAlong()
    {
        Write("drover-executor", "one");
        Write("drover-agent", "two");
        Assert.Equal(["drover-executor", "drover-agent"], (await new ArtifactCatalog(_options with { Accelerator = "simulated" }).ProgramsAsync()).Select(p => p.Name));
    }

    [Fact]
    public async Task ImageAsync_Manifest_GivesEachFileItsUrl()
    {
        WriteImage("drover", ("disk", "disk.qcow2", "qcow"), ("kernel", "vmlinuz", "kernel"));
        var image = await _catalog.ImageAsync("drover");
        Assert.Equal([$"/artifacts/sha256/{Sha("qcow")}/disk.qcow2", $"/artifacts/sha256/{Sha("kernel")}/vmlinuz"], image.Files.Select(f => new Uri(f.Url!).AbsolutePath));
        Assert.Equal(Sha(File.ReadAllText(Path.Combine(_folder, "images", "drover", "manifest.json"))), image.Digest);
    }

    [Theory]
    [InlineData("other")]
    [InlineData("../drover")]
    [InlineData("")]
    public async Task ImageAsync_Unknown_NamesTheKnownOnes(string name)
    {
        WriteImage("drover", ("disk", "disk.qcow2", "qcow"));
        var e = await Assert.ThrowsAsync<ArtifactException>(() => _catalog.ImageAsync(name));
        Assert.Contains("Known images: drover", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ImageAsync_FileThatIsNotTheManifests_IsRefused()
    {
        WriteImage("drover", ("disk", "disk.qcow2", "qcow"));
        File.WriteAllText(Path.Combine(_folder, "images", "drover", "disk.qcow2"), "damaged");
        var e = await Assert.ThrowsAsync<ArtifactException>(() => _catalog.ImageAsync("drover"));
        Assert.Contains("disk.qcow2 is not the file that its manifest names", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ImageAsync_Foreign_BringsTheAgentAndAKernelToTryKvmWith()
    {
        Write("drover-agent", "agent");
        WriteImage("drover", ("disk", "disk.qcow2", "qcow"), ("kernel", "vmlinuz", "kernel"), ("initrd", "initrd.img", "initrd"));
        WriteImage("debian", ("disk", "disk.qcow2", "cloud"));
        var manifest = Path.Combine(_folder, "images", "debian", "manifest.json");
        var read = JsonSerializer.Deserialize(File.ReadAllText(manifest), MachineJson.Default.ImageManifest)!;
        File.WriteAllText(manifest, JsonSerializer.Serialize(read with { Kind = ImageKind.Uefi }, MachineJson.Default.ImageManifest));

        var image = await _catalog.ImageAsync("debian");

        Assert.Equal((ImageKind.Uefi, Sha("agent")), (image.Kind, image.Agent!.Sha256));
        Assert.Equal($"/artifacts/sha256/{Sha("agent")}/drover-agent", new Uri(image.Agent.Url!).AbsolutePath);
        Assert.Equal(["kernel", "initrd"], image.Probe!.Files.Select(file => file.Role));
        Assert.NotNull(await _catalog.FindAsync(Sha("agent"), "drover-agent"));
        Assert.Null((await _catalog.ImageAsync("drover")).Agent);
    }

    [Fact]
    public async Task ImageAsync_ForeignWithoutOneOfOurs_HasNoProbe()
    {
        Write("drover-agent", "agent");
        WriteImage("drover", ("disk", "disk.qcow2", "cloud"));
        var manifest = Path.Combine(_folder, "images", "drover", "manifest.json");
        var read = JsonSerializer.Deserialize(File.ReadAllText(manifest), MachineJson.Default.ImageManifest)!;
        File.WriteAllText(manifest, JsonSerializer.Serialize(read with { Kind = ImageKind.Bios }, MachineJson.Default.ImageManifest));

        Assert.Null((await new ArtifactCatalog(_options with { Accelerator = "auto" }).ImageAsync("drover")).Probe);
    }

    [Fact]
    public async Task ImageAsync_MarkedBroken_IsNotGivenOut()
    {
        WriteImage("drover", ("disk", "disk.qcow2", "qcow"));
        File.WriteAllText(Path.Combine(_folder, "images", "drover", ImageFolder.Broken), "disk.qcow2 has changed.");

        var e = await Assert.ThrowsAsync<ArtifactException>(() => _catalog.ImageAsync("drover"));

        Assert.Contains("broken", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Get_Artifact_ServesWholeHeadAndRange()
    {
        Write("drover-executor", "0123456789");
        await using var app = await ServeAsync();
        using var http = new HttpClient { BaseAddress = new Uri(app.Urls.Single()) };
        var path = $"/artifacts/sha256/{Sha("0123456789")}/drover-executor";

        Assert.Equal("0123456789", await http.GetStringAsync(path, TestContext.Current.CancellationToken));
        using var head = await http.SendAsync(new HttpRequestMessage(HttpMethod.Head, path), TestContext.Current.CancellationToken);
        Assert.Equal((HttpStatusCode.OK, 10L), (head.StatusCode, head.Content.Headers.ContentLength));
        using var part = await http.SendAsync(new HttpRequestMessage(HttpMethod.Get, path) { Headers = { Range = new RangeHeaderValue(2, 4) } }, TestContext.Current.CancellationToken);
        Assert.Equal((HttpStatusCode.PartialContent, "234"), (part.StatusCode, await part.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)));
    }

    [Fact]
    public async Task FindAsync_SameContentUnderTwoNames_IsServedUnderBoth()
    {
        Write("drover-executor", "one");
        WriteImage("a", ("disk", "x", "same"), ("kernel", "y", "same"));
        WriteImage("b", ("disk", "x", "same"));
        Assert.Equal("x", (await _catalog.FindAsync(Sha("same"), "x"))?.Name);
        Assert.Equal("y", (await _catalog.FindAsync(Sha("same"), "y"))?.Name);
        Directory.Delete(Path.Combine(_folder, "images", "b"), recursive: true);
        Assert.NotNull(await _catalog.FindAsync(Sha("same"), "x"));
        Assert.Null(await _catalog.FindAsync(Sha("same"), "z"));
    }

    [Fact]
    public async Task Get_WrongDigestOrNameOrChangedFile_IsNotFoundAndSaysSo()
    {
        Write("drover-executor", "one");
        await using var app = await ServeAsync();
        using var http = new HttpClient { BaseAddress = new Uri(app.Urls.Single()) };
        foreach (var path in new[] { $"{new string('0', 64)}/drover-executor", $"{Sha("one")}/drover-agent" })
        {
            using var answer = await http.GetAsync($"/artifacts/sha256/{path}", TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
            Assert.Contains("There is no file", await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        }

        Write("drover-executor", "another build");
        using var old = await http.GetAsync($"/artifacts/sha256/{Sha("one")}/drover-executor", TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NotFound, old.StatusCode);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private async Task<WebApplication> ServeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddSingleton(_catalog);
        var app = builder.Build();
        app.MapSchedulerArtifacts();
        await app.StartAsync(TestContext.Current.CancellationToken);
        return app;
    }

    private void Write(string name, string text) => File.WriteAllText(Path.Combine(_folder, name), text);

    private void WriteImage(string name, params (string Role, string Name, string Text)[] files)
    {
        var folder = Directory.CreateDirectory(Path.Combine(_folder, "images", name)).FullName;
        foreach (var file in files)
        {
            File.WriteAllText(Path.Combine(folder, file.Name), file.Text);
        }

        var manifest = new ImageManifest
        {
            Name = name,
            Inputs = "i",
            Created = default,
            Files = [.. files.Select(f => new ImageFile { Role = f.Role, Name = f.Name, Sha256 = Sha(f.Text), Size = f.Text.Length })],
        };
        File.WriteAllText(Path.Combine(folder, "manifest.json"), JsonSerializer.Serialize(manifest, MachineJson.Default.ImageManifest));
    }

    private static string Sha(string text) => Convert.ToHexStringLower(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(text)));
}
