using System.Text;
using System.Text.Json.Nodes;

namespace Drover.Cli.Tests.Commands;

/// <summary>Containers by the command line.</summary>
public sealed class ContainerTests : IAsyncLifetime
{
    private readonly Terminal _terminal = new();
    private FakeApi _api = null!;
    private JsonObject _host = null!;

    public async ValueTask InitializeAsync()
    {
        _api = await FakeApi.StartAsync();
        _api.Choose(_terminal);
        _api.Activate(_api.AddMachine("web-1", "active"));
        _host = _api.AddHost("web-2", "active", "1ph99");
    }

    public async ValueTask DisposeAsync()
    {
        _terminal.Dispose();
        await _api.DisposeAsync();
    }

    [Fact]
    public async Task Ps_ShowsWhatRuns_AndAllWithAll()
    {
        _api.AddContainer("b", "running", _host);
        _api.AddContainer("a", "stopped", _host);

        Assert.Equal(0, await _terminal.RunAsync("ps"));
        Assert.Contains("web-2", _terminal.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("stopped", _terminal.Out, StringComparison.Ordinal);

        Assert.Equal(0, await _terminal.RunAsync("ps", "-a", "--format", "json"));
        Assert.Equal(["a", "b"], JsonNode.Parse(_terminal.Out)!.AsArray().Select(c => (string?)c!["name"]));
    }

    [Fact]
    public async Task Run_AsksForAllThatWasSaid_AndPrintsTheName()
    {
        Assert.Equal(0, await _terminal.RunAsync(
            "run", "-d", "--name", "web", "--host", "web-2", "-p", "8080:80", "-v", "data:/data", "-e", "A=1=2", "-l", "tier=web", "-m", "64MiB", "--cpus", "0.5", "--restart", "on-failure:3", "--user", "nobody", "--pull", "always",
            "nginx:1.27", "--", "serve", "--fast"));

        Assert.Equal("web", _terminal.Out.Trim());
        Assert.Equal(
            $$$"""{"imageUuid":"docker:nginx:1.27","name":"web","command":["serve","--fast"],"environment":{"A":"1=2"},"ports":["8080:80"],"dataVolumes":["data:/data"],"labels":{"tier":"web"},"restartPolicy":{"name":"on-failure","maximumRetryCount":3},"memory":67108864,"milliCpu":500,"pullPolicy":"always","privileged":false,"tty":false,"stdinOpen":false,"user":"nobody","startOnCreate":true,"requestedHostId":"{{{(string)_host["id"]!}}}"}""",
            _api.Bodies.Last().ToJsonString());
    }

    [Fact]
    public async Task Run_ThatCannotBeMade_SaysWhy_AndWhatToDo()
    {
        _api.OnRun = container => (container["state"], container["transitioning"], container["transitioningMessage"]) = ("error", "error", "pull access denied for nginx");

        Assert.Equal(ExitCode.Failed, await _terminal.RunAsync("run", "-d", "--name", "web", "nginx"));

        Assert.Contains("web could not be made: pull access denied for nginx", _terminal.Error, StringComparison.Ordinal);
        Assert.Contains("drover start web", _terminal.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--memory: 'lots' is no size", "run", "-m", "lots", "nginx")]
    [InlineData("--restart: 'on-failure:x'", "run", "--restart", "on-failure:x", "nginx")]
    [InlineData("--pull", "run", "--pull", "sometimes", "nginx")]
    [InlineData("--tail", "logs", "--tail", "-1", "web")]
    public async Task Option_WithAWrongValue_IsNamed(string said, params string[] arguments)
    {
        Assert.Equal(ExitCode.Usage, await _terminal.RunAsync(arguments));

        Assert.Contains(said, _terminal.Error, StringComparison.Ordinal);
        Assert.Empty(_api.Bodies);
    }

    [Fact]
    public async Task Name_ThatIsNotClear_OrNotThere_IsRefused_AndNothingIsDone()
    {
        _api.AddContainer("web", "running", _host);
        _api.AddContainer("web", "running", _api.AddHost("web-3", "active", "1ph98"));

        Assert.Equal(ExitCode.Refused, await _terminal.RunAsync("stop", "web"));
        Assert.Contains("web-2/web, web-3/web", _terminal.Error, StringComparison.Ordinal);
        Assert.Equal(ExitCode.NotFound, await _terminal.RunAsync("stop", "web-2/web", "nosuch"));
        Assert.Empty(_api.Asked);

        Assert.Equal(0, await _terminal.RunAsync("stop", "web-2/web"));
        Assert.Equal("stop", Assert.Single(_api.Asked).Verb);
    }

    [Fact]
    public async Task Rm_OfOneThatRuns_WantsForce()
    {
        _api.AddContainer("web", "running", _host);

        Assert.Equal(ExitCode.Refused, await _terminal.RunAsync("rm", "web"));
        Assert.Contains("--force", _terminal.Error, StringComparison.Ordinal);

        Assert.Equal(0, await _terminal.RunAsync("rm", "-f", "web"));
        Assert.Equal(0, await _terminal.RunAsync("ps", "-a", "-q"));
        Assert.Equal("", _terminal.Out.Trim());
    }

    [Theory]
    [InlineData(1000, "The container exited with 3.", ExitCode.Ok, "")]
    [InlineData(4503, "The link broke.", ExitCode.Refused, "The link broke.")]
    [InlineData(1001, "The server stops.", ExitCode.Unreachable, "The server stops.")]
    public async Task Logs_EndAsTheServerSays(int code, string reason, int exit, string told)
    {
        _api.AddContainer("web", "running", _host);
        _api.Messages.Add("01 one\n02 two"u8.ToArray());
        _api.Farewell = (code, reason);

        Assert.Equal(exit, await _terminal.RunAsync("logs", "-f", "--tail", "5", "--since", "10m", "-t", "web"));

        Assert.Contains(told, _terminal.Error, StringComparison.Ordinal);
        Assert.Equal("""{"follow":true,"lines":5,"timestamps":true,"since":"10m"}""", Assert.Single(_api.Asked).Body.ToJsonString());
    }

    [Fact]
    public async Task Exec_EndsWithTheCommandsCode()
    {
        _api.AddContainer("web", "running", _host);
        _api.Messages.Add(Encoding.UTF8.GetBytes("\u0003{\"status\":\"Failure\",\"details\":{\"causes\":[{\"reason\":\"ExitCode\",\"message\":\"7\"}]}}"));

        Assert.Equal(7, await _terminal.RunAsync("exec", "web", "--", "sh", "-c", "exit 7"));

        Assert.Equal("""["sh","-c","exit 7"]""", Assert.Single(_api.Asked).Body["command"]!.ToJsonString());
    }

    [Fact]
    public async Task Exec_WhoseLineBreaks_IsNoSuccess()
    {
        _api.AddContainer("web", "running", _host);
        _api.Farewell = null;

        Assert.Equal(ExitCode.Unreachable, await _terminal.RunAsync("exec", "web", "true"));
    }

    [Fact]
    public async Task Cp_BetweenTwoPlacesOfAKind_IsRefused()
    {
        Assert.Equal(ExitCode.Usage, await _terminal.RunAsync("cp", "/a", "./b"));
        Assert.Equal(ExitCode.Usage, await _terminal.RunAsync("cp", "a:/x", "b:/y"));
    }
}
