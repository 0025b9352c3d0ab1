using System.Text.Json.Nodes;

namespace Drover.Cli.Tests.Commands;

/// <summary><c>drover pool</c></summary>
public sealed class PoolTests : IAsyncLifetime
{
    private readonly Terminal _terminal = new();
    private FakeApi _api = null!;

    public async ValueTask InitializeAsync()
    {
        _api = await FakeApi.StartAsync();
        _api.Choose(_terminal);
    }

    [Fact]
    public async Task List_Members_AreShownWithWhatTheyWaitFor()
    {
        Fill();
        Assert.Equal(0, await _terminal.RunAsync("pool", "ls"));
        Assert.Contains("warm", _terminal.Out, StringComparison.Ordinal);
        Assert.Contains("No room on a1.", _terminal.Out, StringComparison.Ordinal);
        Assert.Contains("1 GiB", _terminal.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task List_AsJson_HasEveryMember()
    {
        Fill();
        Assert.Equal(0, await _terminal.RunAsync("pool", "ls", "--format", "json"));
        var rows = JsonNode.Parse(_terminal.Out)!.AsArray();
        Assert.Equal(["template", "warm"], rows.Select(r => (string)r!["kind"]!));
        Assert.Equal("droverMesos", (string?)rows[0]!["scheduler"]);
    }

    [Fact]
    public async Task List_Empty_SaysTheFirstStep()
    {
        _api.Pools.Add(new JsonObject { ["id"] = "droverMesos", ["type"] = "pool", ["warm"] = "0", ["members"] = new JsonArray() });
        Assert.Equal(0, await _terminal.RunAsync("pool", "ls"));
        Assert.Contains("drover pool set 1", _terminal.Out + _terminal.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Set_NumberAndTemplates_WritesBothSettings()
    {
        Assert.Equal(0, await _terminal.RunAsync("pool", "set", "auto", "--templates", "off"));
        Assert.Equal(("auto", "off"), (_api.Settings["pool.warm"], _api.Settings["pool.templates"]));
    }

    [Theory]
    [InlineData("pool", "set")]
    [InlineData("pool", "set", "many")]
    [InlineData("pool", "set", "101")]
    [InlineData("pool", "set", "1", "--templates", "never")]
    public async Task Set_ThatMakesNoSense_IsAUsageError(params string[] line)
    {
        Assert.Equal(ExitCode.Usage, await _terminal.RunAsync(line));
        Assert.Empty(_api.Settings);
    }

    public async ValueTask DisposeAsync()
    {
        await _api.DisposeAsync();
        _terminal.Dispose();
    }

    private void Fill() => _api.Pools.Add(new JsonObject
    {
        ["id"] = "droverMesos", ["type"] = "pool", ["warm"] = "1", ["templates"] = "auto",
        ["members"] = new JsonArray(
            new JsonObject { ["id"] = "t1", ["kind"] = "template", ["state"] = "made", ["hostname"] = "a1", ["memory"] = "1GiB", ["since"] = "2026-01-02T03:04:05Z" },
            new JsonObject { ["id"] = "s1", ["kind"] = "warm", ["state"] = "planned", ["hostname"] = "a1", ["memory"] = "1GiB", ["message"] = "No room on a1." }),
    });
}
