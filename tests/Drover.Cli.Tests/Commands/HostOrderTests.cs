using System.Text.Json.Nodes;

namespace Drover.Cli.Tests.Commands;

/// <summary>What is asked of a machine that is there, from the command line.</summary>
public sealed class HostOrderTests : IAsyncLifetime
{
    private readonly Terminal _terminal = new();
    private FakeApi _api = null!;

    public async ValueTask InitializeAsync()
    {
        _api = await FakeApi.StartAsync();
        _api.Choose(_terminal);
        _api.Activate(_api.AddMachine("web", "active"));
    }

    [Theory]
    [InlineData("stop", "{}", "host", "stop", "web")]
    [InlineData("stop", """{"force":true}""", "host", "stop", "web", "--force")]
    [InlineData("start", "{}", "host", "start", "web")]
    [InlineData("reboot", """{"force":true}""", "host", "reboot", "web", "--force")]
    [InlineData("resize", """{"disk":"40GiB"}""", "host", "resize", "web", "--disk", "40GiB")]
    [InlineData("resize", """{"cpus":2,"memory":"2GiB"}""", "host", "resize", "web", "--cpus", "2", "--memory", "2GiB")]
    [InlineData("limit", """{"diskBytes":"50MiB","diskOperations":100}""", "host", "limit", "web", "--disk-bytes", "50MiB", "--disk-operations", "100")]
    [InlineData("limit", """{"networkBytes":"10MiB"}""", "host", "limit", "web", "--network-bytes", "10MiB")]
    [InlineData("limit", "{}", "host", "limit", "web", "--none")]
    [InlineData("check", "{}", "host", "check", "web")]
    [InlineData("snapshot", "{}", "host", "snapshot", "create", "web")]
    [InlineData("snapshot", """{"name":"a"}""", "host", "snapshot", "create", "web", "a")]
    [InlineData("forward", """{"ports":["8080:80","8443:443"]}""", "host", "forward", "web", "8080:80", "8443:443")]
    [InlineData("forward", """{"ports":[]}""", "host", "forward", "web", "--none")]
    [InlineData("restore", """{"name":"a"}""", "host", "snapshot", "restore", "web", "a")]
    [InlineData("removesnapshot", """{"name":"a"}""", "host", "snapshot", "rm", "web", "a")]
    public async Task Order_IsAskedForAndWaitedFor(string verb, string body, params string[] line)
    {
        _api.OnAction = (machine, _) => machine["transitioning"] = "yes";
        var running = _terminal.RunAsync(line);
        while (_api.Actions.Count == 0)
        {
            await Task.Delay(5, TestContext.Current.CancellationToken);
        }

        Assert.False(running.IsCompleted);
        _api.Change(_api.Machine("web")!, m => m["transitioning"] = "no");
        Assert.Equal(0, await running);
        var (asked, input) = Assert.Single(_api.Actions);
        Assert.Equal(verb, asked);
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(body), input), input.ToJsonString());
    }

    [Fact]
    public async Task Order_ThatFails_EndsWithItsCause()
    {
        _api.OnAction = (machine, _) =>
        {
            machine["transitioning"] = "error";
            machine["transitioningMessage"] = "The computer's disk is full.";
        };
        Assert.Equal(ExitCode.Failed, await _terminal.RunAsync("host", "snapshot", "create", "web"));
        Assert.Contains("web: The computer's disk is full.", _terminal.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Snapshots_AreListed()
    {
        _api.Change(_api.Machine("web")!, m => m["snapshots"] = new JsonArray(new JsonObject { ["name"] = "before", ["created"] = "2026-01-01T00:00:00Z" }));
        Assert.Equal(0, await _terminal.RunAsync("host", "snapshot", "ls", "web"));
        Assert.Contains("before", _terminal.Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("host", "resize", "web")]
    [InlineData("host", "resize", "web", "--disk", "big")]
    [InlineData("host", "resize", "web", "--disk", "20GiB", "--cpus", "2")]
    [InlineData("host", "limit", "web")]
    [InlineData("host", "limit", "web", "--none", "--disk-operations", "5")]
    [InlineData("host", "snapshot", "restore", "web")]
    public async Task Order_ThatMakesNoSense_IsAUsageError(params string[] line)
    {
        Assert.Equal(ExitCode.Usage, await _terminal.RunAsync(line));
        Assert.Empty(_api.Actions);
    }

    public async ValueTask DisposeAsync()
    {
        await _api.DisposeAsync();
        _terminal.Dispose();
    }
}
