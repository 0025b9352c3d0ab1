using System.Text.Json.Nodes;

namespace Drover.Cli.Tests.Commands;

/// <summary>Protection and removal by date from the command line.</summary>
public sealed class HostSetTests : IAsyncLifetime
{
    private readonly Terminal _terminal = new();
    private FakeApi _api = null!;

    public async ValueTask InitializeAsync()
    {
        _api = await FakeApi.StartAsync();
        _api.Choose(_terminal);
    }

    [Fact]
    public async Task Create_ProtectedAndForATime_AsksForBoth()
    {
        Assert.Equal(0, await _terminal.RunAsync("host", "create", "job", "--protect", "--delete-after", "2h", "--extra-disk", "data=20GiB", "--no-wait"));
        var body = Assert.Single(_api.Bodies);
        Assert.Equal("""["data:20GiB"]""", body["mesosConfig"]!["disks"]!.ToJsonString());
        Assert.Equal((true, "2h"), ((bool?)body["protected"], (string?)body["deleteAfter"]));
    }

    [Theory]
    [InlineData("""{"protected":true}""", "host", "protect", "web")]
    [InlineData("""{"protected":false}""", "host", "unprotect", "web")]
    [InlineData("""{"deleteAfter":"30m"}""", "host", "set", "web", "--delete-after", "30m")]
    [InlineData("""{"deleteAt":null,"description":"kept"}""", "host", "set", "web", "--keep", "--description", "kept")]
    public async Task Change_SendsOnlyWhatWasSaid(string body, params string[] line)
    {
        _api.Activate(_api.AddMachine("web", "active"));
        Assert.Equal(0, await _terminal.RunAsync(line));
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(body), Assert.Single(_api.Bodies)));
        Assert.Contains("web", _terminal.Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("host", "set", "web")]
    [InlineData("host", "set", "web", "--keep", "--delete-after", "2h")]
    [InlineData("host", "set", "web", "--delete-after", "soon")]
    [InlineData("host", "create", "web", "--delete-after", "2 weeks")]
    public async Task Change_ThatMakesNoSense_IsAUsageError(params string[] line)
    {
        _api.Activate(_api.AddMachine("web", "active"));
        Assert.Equal(ExitCode.Usage, await _terminal.RunAsync(line));
        Assert.Empty(_api.Bodies);
    }

    [Fact]
    public async Task Show_SaysThatItIsProtectedAndWhenItGoes()
    {
        var machine = _api.AddMachine("web", "active");
        machine["protected"] = true;
        machine["deleteAt"] = "2026-05-01T18:00:00Z";
        _api.Activate(machine);
        Assert.Equal(0, await _terminal.RunAsync("host", "show", "web"));
        Assert.Contains("host unprotect web", _terminal.Out, StringComparison.Ordinal);
        Assert.Contains("2026-05-01T18:00:00Z, by itself", _terminal.Out, StringComparison.Ordinal);
    }

    public async ValueTask DisposeAsync()
    {
        await _api.DisposeAsync();
        _terminal.Dispose();
    }
}
