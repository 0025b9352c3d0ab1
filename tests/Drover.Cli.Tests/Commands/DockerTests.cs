using Drover.Api.Agents.Streams;

namespace Drover.Cli.Tests.Commands;

/// <summary><c>drover docker</c> and <c>drover docker-env</c></summary>
public sealed class DockerTests : IAsyncLifetime
{
    private readonly Terminal _terminal = new();
    private FakeApi _api = null!;

    public async ValueTask InitializeAsync()
    {
        _api = await FakeApi.StartAsync();
        _api.Choose(_terminal);
        _terminal.Variables["XDG_RUNTIME_DIR"] = _terminal.Home.FullName;
    }

    public async ValueTask DisposeAsync()
    {
        _terminal.Dispose();
        await _api.DisposeAsync();
    }

    [Fact]
    public async Task Docker_RunsTheClientAtASocketOfTheHost_AndEndsAsItDoes()
    {
        _api.Activate(_api.AddMachine("web-1", "active"));
        _api.Serve = stream => { stream.Accept(); return stream.EndAsync(TestContext.Current.CancellationToken).AsTask(); };
        var told = Path.Combine(_terminal.Home.FullName, "told");

        Assert.Equal(5, await _terminal.RunAsync("docker", "web-1", "--client", Client($"test -S \"${{DOCKER_HOST#unix://}}\" && echo \"$DOCKER_HOST $*\" >{told}; exit 5"), "--", "run", "-it", "--rm", "bb:1"));

        var words = (await File.ReadAllTextAsync(told, TestContext.Current.CancellationToken)).Trim().Split(' ', 2);
        Assert.Equal("run -it --rm bb:1", words[1]);
        Assert.StartsWith($"unix://{_terminal.Home.FullName}/drover/", words[0], StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(_terminal.Home.FullName, "drover")));
    }

    [Theory]
    [InlineData("stopped", "web-1 is stopped.", "drover host start web-1")]
    [InlineData("creating", "no Docker to speak to yet", "drover wait web-1")]
    public async Task Docker_OfAHostThatHasNone_SaysWhatToDo(string state, string why, string advice)
    {
        _api.AddMachine("web-1", state);

        Assert.Equal(ExitCode.Refused, await _terminal.RunAsync("docker", "web-1", "--", "ps"));

        Assert.Contains(why, _terminal.Error, StringComparison.Ordinal);
        Assert.Contains(advice, _terminal.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Docker_OfAHostThatIsAway_SaysSoBeforeAnyProgramStarts()
    {
        _api.Activate(_api.AddMachine("web-1", "active"));

        Assert.Equal(ExitCode.Refused, await _terminal.RunAsync("docker", "web-1", "--client", "/nowhere/docker", "--", "ps"));

        Assert.Contains("not connected at present", _terminal.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Docker_WithoutAClient_SaysWhereToGetIt()
    {
        _api.Activate(_api.AddMachine("web-1", "active"));
        _api.Serve = stream => { stream.Accept(); return Task.CompletedTask; };

        Assert.Equal(ExitCode.Failed, await _terminal.RunAsync("docker", "web-1", "--client", "/nowhere/docker", "--", "ps"));

        Assert.Contains("docker.io", _terminal.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Docker_ThatTheServerRefuses_SaysSo()
    {
        _api.Activate(_api.AddMachine("web-1", "active"));
        _api.Serve = stream => throw new StreamResetException(StreamFault.Refused, "Nothing in a host is called 'docker'.");

        Assert.Equal(ExitCode.Refused, await _terminal.RunAsync("docker", "web-1", "--", "ps"));

        Assert.Contains("Nothing in a host", _terminal.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("docker")]
    [InlineData("docker-env")]
    [InlineData("docker-env", "web-1", "--shell", "cmd")]
    public async Task WrongWords_AreAUsageError(params string[] line) => Assert.Equal(ExitCode.Usage, await _terminal.RunAsync(line));

    [Fact]
    public async Task DockerEnv_Unset_PrintsTheWordsOfTheShell()
    {
        Assert.Equal(0, await _terminal.RunAsync("docker-env", "--unset"));
        Assert.Equal("unset DOCKER_HOST", _terminal.Out.Trim());
        Assert.Equal(0, await _terminal.RunAsync("docker-env", "-u", "--shell", "fish"));
        Assert.Equal("set -e DOCKER_HOST;", _terminal.Out.Trim());
    }

    private string Client(string script)
    {
        var path = Path.Combine(_terminal.Home.FullName, "client");
        File.WriteAllText(path, $"#!/bin/sh\n{script}\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return path;
    }
}
