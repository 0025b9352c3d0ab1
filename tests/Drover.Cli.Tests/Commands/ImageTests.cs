using System.Text.Json.Nodes;

namespace Drover.Cli.Tests.Commands;

public sealed class ImageTests : IAsyncLifetime
{
    private readonly Terminal _terminal = new();
    private FakeImages _server = null!;

    public async ValueTask InitializeAsync() => _server = await FakeImages.StartAsync(_terminal);

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _terminal.Dispose();
    }

    [Fact]
    public async Task Add_Address_FollowsItUntilItIsThere()
    {
        var digest = new string('b', 64);

        Assert.Equal(0, await _terminal.RunAsync("image", "add", "debian", "https://example.org/d.qcow2", "--sha256", digest, "--boot", "uefi", "--format", "json"));

        Assert.Equal(("https://example.org/d.qcow2", digest, "uefi"), ((string?)_server.Images["debian"]["url"], (string?)_server.Images["debian"]["sha256"], (string?)_server.Images["debian"]["boot"]));
        Assert.Contains("1 MiB of 3 MiB are fetched.", _terminal.Error, StringComparison.Ordinal);
        Assert.Equal("active", (string?)JsonNode.Parse(_terminal.Out)![0]!["state"]);
    }

    [Fact]
    public async Task Add_WithoutDigest_ShowsItAndAsks()
    {
        (_server.EndsAs, _terminal.IsInteractive, _terminal.Input) = ("unconfirmed", true, "y\n");

        Assert.Equal(0, await _terminal.RunAsync("image", "add", "debian", "https://example.org/d.qcow2"));

        Assert.Contains(new string('a', 64), _terminal.Error, StringComparison.Ordinal);
        Assert.Contains("POST /v2-beta/hostImages/debian?action=confirm", _server.Requests);
    }

    [Fact]
    public async Task Add_WithoutDigestAndTerminal_SaysHowToConfirm()
    {
        _server.EndsAs = "unconfirmed";

        Assert.Equal(ExitCode.Refused, await _terminal.RunAsync("image", "add", "debian", "https://example.org/d.qcow2"));
        Assert.Contains("drover image confirm debian", _terminal.Error, StringComparison.Ordinal);
        Assert.Equal(0, await _terminal.RunAsync("image", "confirm", "debian"));
        Assert.Equal("active", (string?)_server.Images["debian"]["state"]);
    }

    [Fact]
    public async Task Add_File_IsSentWithItsDigest()
    {
        var file = Path.Combine(_terminal.Home.FullName, "d.qcow2");
        await File.WriteAllTextAsync(file, "a disk", TestContext.Current.CancellationToken);

        Assert.Equal(0, await _terminal.RunAsync("image", "add", "debian", file));

        Assert.Equal("a disk"u8.ToArray(), _server.File);
        Assert.Equal("active", (string?)_server.Images["debian"]["state"]);
    }

    [Fact]
    public async Task Add_FileWithAnotherDigest_SendsNothing()
    {
        var file = Path.Combine(_terminal.Home.FullName, "d.qcow2");
        await File.WriteAllTextAsync(file, "a disk", TestContext.Current.CancellationToken);

        Assert.Equal(ExitCode.Refused, await _terminal.RunAsync("image", "add", "debian", file, "--sha256", new string('0', 64)));
        Assert.Empty(_server.Requests);
    }

    [Fact]
    public async Task Add_Failing_TellsTheReason()
    {
        _server.EndsAs = "failed";

        Assert.Equal(ExitCode.Failed, await _terminal.RunAsync("image", "add", "debian", "https://example.org/d.qcow2", "--sha256", new string('b', 64)));
        Assert.Contains("could not be added", _terminal.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("debian", "/no/such/file", "no such file")]
    [InlineData("../x", "https://example.org/d", "no name for an image")]
    public async Task Add_WrongLine_IsExplained(string name, string source, string expected)
    {
        Assert.Equal(ExitCode.Usage, await _terminal.RunAsync("image", "add", name, source));
        Assert.Contains(expected, _terminal.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task List_ShowsWhatAPersonDecidesBy()
    {
        _server.Add("drover", "active", ("machines", new JsonArray("web-1", "web-2")));
        _server.Add("debian", "broken", ("transitioningMessage", "disk.qcow2 has changed."));

        Assert.Equal(0, await _terminal.RunAsync("image", "ls"));

        var lines = _terminal.Out.Split('\n');
        Assert.Matches("drover +active +cloud-bios +3 MiB .*dddddddddddd +2", lines[1]);
        Assert.Contains("disk.qcow2 has changed.", lines[2], StringComparison.Ordinal);
        Assert.Equal(0, await _terminal.RunAsync("image", "show", "drover"));
        Assert.Contains("web-1, web-2", _terminal.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Verify_WithoutNames_TakesAll()
    {
        _server.Add("drover", "active");
        _server.Add("debian", "broken");
        _server.Add("half", "fetching");

        Assert.Equal(0, await _terminal.RunAsync("image", "verify"));

        Assert.Equal(["POST /v2-beta/hostImages/debian?action=verify", "POST /v2-beta/hostImages/drover?action=verify"], _server.Requests.Where(r => r.StartsWith("POST", StringComparison.Ordinal)).Order());
    }

    [Fact]
    public async Task Remove_InUse_IsRefusedByNameUnlessForced()
    {
        _server.Add("drover", "active");
        Assert.Equal(0, await _terminal.RunAsync("image", "rm", "drover", "--force"));
        Assert.Contains("DELETE /v2-beta/hostImages/drover?force=true", _server.Requests);

        Assert.Equal(ExitCode.NotFound, await _terminal.RunAsync("image", "rm", "drover"));
        Assert.Contains("There is no image 'drover'", _terminal.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Create_WithUserData_SendsTheFilesText()
    {
        await using var api = await FakeApi.StartAsync();
        api.Choose(_terminal);
        var file = Path.Combine(_terminal.Home.FullName, "user-data");
        await File.WriteAllTextAsync(file, "#cloud-config\n", TestContext.Current.CancellationToken);

        Assert.Equal(0, await _terminal.RunAsync("host", "create", "web-1", "--image", "debian", "--user-data", file, "--no-wait"));

        Assert.Equal("#cloud-config\n", (string?)Assert.Single(api.Bodies)["mesosConfig"]!["userData"]);
        Assert.Equal(ExitCode.Usage, await _terminal.RunAsync("host", "create", "web-2", "--user-data", "/no/such/file"));
    }
}
