using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Drover.Api.Cattle;
using Drover.Api.Machines;
using Drover.Server.Tests.Harness;

namespace Drover.Server.Tests.Images;

/// <summary>What the tests of images have in common: a server with a folder of images, and how one is added.</summary>
public sealed partial class ImageTests
{
    private static Task<CattleResource> AddAsync(TestServer server, ImageSource source, string? sha256)
    {
        var body = new JsonObject { ["name"] = "debian", ["url"] = source.Url };
        if (sha256 is not null)
        {
            body["sha256"] = sha256;
        }

        return server.Admin.CreateAsync("hostImages", body, Token);
    }

    private static Task<CattleResource> WaitAsync(TestServer server, string state) =>
        TestServer.WaitAsync(server.Admin, "hostImages", "debian", image => image.State == state || (image.State == "failed" && state != "failed" ? throw new InvalidOperationException(image.TransitioningMessage) : false), state);

    /// <summary>The same, while the clock goes on for pauses between attempts.</summary>
    private static Task<CattleResource> ThroughPausesAsync(TestServer server, string state) => TestServer.WaitAsync(server.Admin, "hostImages", "debian", image =>
    {
        server.Time.Advance(TimeSpan.FromMilliseconds(100));
        return image.State == state;
    }, state);

    private static async Task<HttpStatusCode> PutAsync(TestServer server, string name, byte[] content, CattleClient? caller)
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, caller?.Url($"hostImages/{name}/file") ?? new Uri(server.Address, $"v1/hostImages/{name}/file")) { Content = new ByteArrayContent(content) };
        request.Headers.Authorization = caller?.Authorization;
        using var response = await server.Http.SendAsync(request, Token);
        return response.StatusCode;
    }

    private ServerOptions Options(string directory, long most = 1 << 20) =>
        new() { DataDirectory = directory, PasswordIterations = 1000, ImagesDirectory = _images, MaxImageBytes = most, Images = () => ImageFolder.Usable(_images) };

    private Task<TestServer> StartAsync(long most = 1 << 20) => TestServer.StartAsync(directory => Options(directory, most));

    private ImageManifest Manifest() => JsonSerializer.Deserialize(File.ReadAllBytes(Path.Combine(_images, "debian", ImageFolder.Manifest)), MachineJson.Default.ImageManifest)!;

    private async Task<string> WriteAsync(byte[] content)
    {
        var path = Path.Combine(_images, "raw");
        await File.WriteAllBytesAsync(path, content, Token);
        return path;
    }

    /// <summary>An image of Drover's own, as the recipe makes it.</summary>
    private void Place(string name)
    {
        var folder = Directory.CreateDirectory(Path.Combine(_images, name)).FullName;
        var disk = ImageSource.Qcow2(9);
        File.WriteAllBytes(Path.Combine(folder, "disk.qcow2"), disk);
        var file = new ImageFile { Role = "disk", Name = "disk.qcow2", Size = disk.Length, Sha256 = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(disk)) };
        File.WriteAllBytes(Path.Combine(folder, ImageFolder.Manifest), JsonSerializer.SerializeToUtf8Bytes(
            new ImageManifest { Name = name, Inputs = "i", Created = TestServer.Noon, Files = [file] }, MachineJson.Default.ImageManifest));
    }
}
