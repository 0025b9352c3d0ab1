using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using Drover.Api.Machines;
using Drover.Server.Tests.Harness;

namespace Drover.Server.Tests.Images;

/// <summary>Adding, verifying and removing guest images over the API.</summary>
public sealed partial class ImageTests : IDisposable
{
    private readonly string _images = Directory.CreateTempSubdirectory("images-").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_images, recursive: true);

    [Fact]
    public async Task Add_WithItsDigest_BecomesActiveAndUsable()
    {
        await using var source = await ImageSource.StartAsync();
        await using var server = await StartAsync();

        await AddAsync(server, source, sha256: source.Sha256);
        var image = await WaitAsync(server, "active");

        Assert.Equal((ImageKind.Bios, source.Sha256, source.Url, 1L << 30), (image.Text("kind"), image.Text("sha256"), image.Text("source"), (long)image.Number("virtualSize")!));
        var manifest = Manifest();
        Assert.Equal(("debian", ImageKind.Bios, source.Url), (manifest.Name, manifest.Kind, manifest.Source));
        Assert.Equal(source.Content, File.ReadAllBytes(Path.Combine(_images, "debian", Assert.Single(manifest.Files).Name)));
        Assert.Equal(["debian"], Directory.EnumerateFileSystemEntries(_images).Select(Path.GetFileName));
        await server.Project.CreateAsync("machines", new JsonObject { ["name"] = "web-1", ["mesosConfig"] = new JsonObject { ["image"] = "debian", ["userData"] = "#cloud-config\npackages: [git]\n" } }, Token);
        Assert.Equal("web-1", (string?)(await server.Admin.GetAsync("hostImages", "debian", Token))!.Array("machines")![0]);
    }

    [Fact]
    public async Task Add_WithoutDigest_WaitsUntilThatOneIsConfirmed()
    {
        await using var source = await ImageSource.StartAsync();
        await using var server = await StartAsync();

        await AddAsync(server, source, sha256: null);
        var image = await WaitAsync(server, "unconfirmed");

        Assert.Contains(source.Sha256, image.TransitioningMessage, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(_images, "debian")));
        await server.Admin.ActionAsync("hostImages", "debian", "confirm", null, Token);
        Assert.Equal(source.Sha256, (await WaitAsync(server, "active")).Text("sha256"));
    }

    [Fact]
    public async Task Add_OtherContentThanPromised_FailsAndLeavesNothing()
    {
        await using var source = await ImageSource.StartAsync();
        await using var server = await StartAsync();

        await AddAsync(server, source, sha256: new string('0', 64));
        var image = await WaitAsync(server, "failed");

        Assert.Contains($"SHA-256 {source.Sha256} instead of 0000", image.TransitioningMessage, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(_images, ".add-debian", "content")));
        await server.Admin.DeleteAsync("hostImages", "debian", Token);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_images));
    }

    [Fact]
    public async Task Add_SourceBreaksOff_IsContinuedWhereItStopped()
    {
        await using var source = await ImageSource.StartAsync();
        source.BreakOff.Enqueue(100_000);
        await using var server = await StartAsync();

        await AddAsync(server, source, source.Sha256);
        await ThroughPausesAsync(server, "active");

        Assert.Equal(2, source.Starts.Count);
        Assert.InRange(source.Starts[1], 1, 100_000);
    }

    [Fact]
    public async Task Add_SourceChangesInBetween_BeginsAnew()
    {
        await using var source = await ImageSource.StartAsync();
        source.BreakOff.Enqueue(100_000);
        source.BreakOff.Enqueue(100_001);
        await using var server = await StartAsync();
        await AddAsync(server, source, sha256: null);
        await TestServer.WaitAsync(server.Admin, "hostImages", "debian", _ => source.Starts.Count > 0, "the first answer");
        (source.Content, source.Tag) = (ImageSource.Qcow2(2), "\"v2\"");

        var image = await ThroughPausesAsync(server, "unconfirmed");

        Assert.Equal(source.Sha256, image.Text("sha256"));
    }

    [Fact]
    public async Task Add_SourceAway_FailsWithTheReasonAndCanBeTriedAgain()
    {
        await using var source = await ImageSource.StartAsync();
        source.Status = 404;
        await using var server = await StartAsync();
        await AddAsync(server, source, source.Sha256);

        Assert.Contains("404", (await WaitAsync(server, "failed")).TransitioningMessage, StringComparison.Ordinal);

        source.Status = 200;
        await server.Admin.ActionAsync("hostImages", "debian", "retry", null, Token);
        await WaitAsync(server, "active");
    }

    [Theory]
    [InlineData("backing")]
    [InlineData("vmdk")]
    [InlineData("large")]
    public async Task Add_WhatCannotBeUsed_IsRefusedWithASentence(string what)
    {
        await using var source = await ImageSource.StartAsync();
        await using var server = await StartAsync(what == "large" ? 1000 : 1 << 20);
        var expected = what switch { "backing" => "backing file", "vmdk" => "vmdk", _ => "larger than" };
        if (what == "backing")
        {
            source.Content[15] = 1;
        }
        else if (what == "vmdk")
        {
            "KDMV"u8.CopyTo(source.Content);
        }

        await AddAsync(server, source, source.Sha256);

        Assert.Contains(expected, (await WaitAsync(server, "failed")).TransitioningMessage, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Add_RawDisk_IsConverted()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/qemu-img"), "qemu-img is not installed.");
        await using var source = await ImageSource.StartAsync();
        source.Content = new byte[1 << 20];
        (source.Content[510], source.Content[511], source.Content[700_000]) = (0x55, 0xaa, 7);
        await using var server = await StartAsync(4 << 20);

        await AddAsync(server, source, source.Sha256);
        var image = await WaitAsync(server, "active");

        Assert.Equal((1L << 20, source.Sha256), ((long)image.Number("virtualSize")!, image.Text("sha256")));
        using var compare = Process.Start("qemu-img", ["compare", "-q", Path.Combine(_images, "debian", "disk.qcow2"), await WriteAsync(source.Content)]);
        await compare.WaitForExitAsync(Token);
        Assert.Equal(0, compare.ExitCode);
    }

    [Fact]
    public async Task Upload_OfAnAnnouncedFile_BecomesActive()
    {
        await using var server = await StartAsync();
        var content = ImageSource.Qcow2(3);
        var sha256 = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(content));
        await server.Admin.CreateAsync("hostImages", new JsonObject { ["name"] = "debian", ["sha256"] = sha256, ["source"] = "debian.qcow2", ["boot"] = "uefi" }, Token);
        Assert.Contains("waits for its file", (await server.Admin.GetAsync("hostImages", "debian", Token))!.TransitioningMessage, StringComparison.Ordinal);

        Assert.Equal(HttpStatusCode.Accepted, await PutAsync(server, "debian", content, server.Admin));

        var image = await WaitAsync(server, "active");
        Assert.Equal((ImageKind.Uefi, "debian.qcow2"), (image.Text("kind"), image.Text("source")));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, await PutAsync(server, "debian", content, server.Admin));
    }

    [Fact]
    public async Task Upload_ByWhoMayNot_IsRefused()
    {
        await using var server = await StartAsync();
        await server.Admin.CreateAsync("hostImages", new JsonObject { ["name"] = "debian" }, Token);
        var (member, _) = await server.UserAsync("mia", "member");

        Assert.Equal(HttpStatusCode.Forbidden, await PutAsync(server, "debian", [1], member.ForProject(server.ProjectId)));
        Assert.Equal(HttpStatusCode.Unauthorized, await PutAsync(server, "debian", [1], null));
        Assert.Equal(403, (await TestServer.RefusedAsync(() => member.ForProject(server.ProjectId).CreateAsync("hostImages", new JsonObject { ["name"] = "x" }, Token))).Status);
        Assert.Equal("debian", Assert.Single(await member.ForProject(server.ProjectId).ListAsync("hostImages", Token)).Id);
    }

    [Theory]
    [InlineData("""{}""", "MissingRequired", "name")]
    [InlineData("""{"name":"../x"}""", "InvalidCharacters", "name")]
    [InlineData("""{"name":".add-x"}""", "InvalidCharacters", "name")]
    [InlineData("""{"name":"x","url":"file:///etc/shadow"}""", "InvalidFormat", "url")]
    [InlineData("""{"name":"x","sha256":"1234"}""", "MinLengthExceeded", "sha256")]
    [InlineData("""{"name":"x","sha256":"zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"}""", "InvalidFormat", "sha256")]
    [InlineData("""{"name":"x","boot":"floppy"}""", "InvalidOption", "boot")]
    [InlineData("""{"name":"drover"}""", "NotUnique", "name")]
    public async Task Add_WithAWrongField_NamesIt(string body, string code, string field)
    {
        Place("drover");
        await using var server = await StartAsync();

        var error = await TestServer.RefusedAsync(() => server.Admin.CreateAsync("hostImages", (JsonObject)JsonNode.Parse(body)!, Token));

        Assert.Equal((422, code, field), (error.Status, error.Code, error.FieldName));
        Assert.Equal(["drover"], Directory.EnumerateFileSystemEntries(_images).Select(Path.GetFileName));
    }

    [Fact]
    public async Task Verify_ChangedFile_MarksTheImageUntilItIsWholeAgain()
    {
        Place("drover");
        await using var server = await StartAsync();
        var disk = Path.Combine(_images, "drover", "disk.qcow2");
        var whole = File.ReadAllBytes(disk);
        File.WriteAllBytes(disk, [.. whole.AsSpan(0, whole.Length - 1), 0xff]);

        var broken = await server.Admin.ActionAsync("hostImages", "drover", "verify", null, Token);

        Assert.Equal("broken", broken.State);
        Assert.Contains("disk.qcow2 has changed", broken.TransitioningMessage, StringComparison.Ordinal);
        Assert.Equal("mesosConfig.image", (await TestServer.RefusedAsync(() => server.Project.CreateAsync("machines", new JsonObject { ["name"] = "m", ["mesosConfig"] = new JsonObject() }, Token))).FieldName);

        File.WriteAllBytes(disk, whole);
        Assert.Equal("active", (await server.Admin.ActionAsync("hostImages", "drover", "verify", null, Token)).State);
        Assert.Empty(ImageFolder.Usable(_images).Except(["drover"]));
    }

    [Fact]
    public async Task Remove_WhileMachinesUseIt_NamesThemUnlessForced()
    {
        Place("drover");
        await using var server = await StartAsync();
        await server.Project.CreateAsync("machines", new JsonObject { ["name"] = "web-1", ["mesosConfig"] = new JsonObject() }, Token);

        var error = await TestServer.RefusedAsync(() => server.Admin.DeleteAsync("hostImages", "drover", Token));

        Assert.Equal((409, "InUse"), (error.Status, error.Code));
        Assert.Contains("web-1", error.Message, StringComparison.Ordinal);
        await server.Admin.SendAsync(HttpMethod.Delete, "hostImages/drover?force=true", null, Token);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_images));
    }

    [Fact]
    public async Task Remove_WhileItIsFetched_EndsThat()
    {
        await using var source = await ImageSource.StartAsync();
        for (var i = 0; i < 5; i++)
        {
            source.BreakOff.Enqueue(1000);
        }

        await using var server = await StartAsync();
        await AddAsync(server, source, source.Sha256);
        await TestServer.WaitAsync(server.Admin, "hostImages", "debian", _ => source.Starts.Count > 0, "the first answer");

        await server.Admin.DeleteAsync("hostImages", "debian", Token);

        Assert.Empty(Directory.EnumerateFileSystemEntries(_images));
        Assert.Null(await server.Admin.GetAsync("hostImages", "debian", Token));
    }

    /// <summary>The server dies before and after every write of a request; the next one ends what it began.</summary>
    [Fact]
    public async Task Add_ServerKilledAtEveryStep_EndsAllTheSame()
    {
        await using var source = await ImageSource.StartAsync();
        for (var crashAt = 1; ; crashAt++)
        {
            var (left, directory) = (crashAt, await TemplateData.CopyAsync());
            try
            {
                void Reached(string point)
                {
                    if (point.StartsWith("image.", StringComparison.Ordinal) && --left == 0)
                    {
                        throw new InvalidOperationException("killed");
                    }
                }

                await using (var server = await TestServer.StartAsync(_ => Options(directory) with { Reached = Reached }, directory))
                {
                    await TestServer.RefusedAsync(() => AddAsync(server, source, source.Sha256)).ContinueWith(_ => { }, TaskScheduler.Default);
                    if (left > 0)
                    {
                        await TestServer.WaitAsync(server.Admin, "hostImages", "debian", image => image.State == "active" || left <= 0, "the end or the crash");
                    }
                }

                await using (var server = await TestServer.StartAsync(_ => Options(directory), directory))
                {
                    if (await server.Admin.GetAsync("hostImages", "debian", Token) is null)
                    {
                        await AddAsync(server, source, source.Sha256);
                    }

                    await WaitAsync(server, "active");

                    // What it was made of goes a moment after it is there.
                    await TestServer.WaitAsync(server.Admin, "hostImages", "debian", _ => Directory.EnumerateFileSystemEntries(_images).Select(Path.GetFileName).SequenceEqual(["debian"]), "nothing but the image");
                    await server.Admin.DeleteAsync("hostImages", "debian", Token);
                }

                if (left > 0)
                {
                    Assert.True(crashAt > 10, "few steps were reached");
                    return;
                }
            }
            finally
            {
                Directory.Delete(directory, recursive: true);
            }
        }
    }
}
