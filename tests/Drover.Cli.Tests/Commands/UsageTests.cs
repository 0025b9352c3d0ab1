namespace Drover.Cli.Tests.Commands;

public sealed class UsageTests : IDisposable
{
    private readonly Terminal _terminal = new();

    [Theory]
    [InlineData("hots ls", "Unknown command 'hots'. Did you mean host?")]
    [InlineData("host crate x", "Did you mean create?")]
    [InlineData("host create x --cpu 3", "Unknown option '--cpu'. Did you mean --cpus?")]
    [InlineData("host create x --dat d", "Did you mean --data")]
    [InlineData("host create x y", "'y' is one argument too many.")]
    [InlineData("host", "'drover host' wants one of: create, ls, show, rm, console")]
    [InlineData("host create", "NAME")]
    [InlineData("host create x --cpus 0", "--cpus")]
    [InlineData("host create x --cpus -1", "--cpus")]
    [InlineData("host create x --memory lots", "--memory")]
    [InlineData("host create x --disk 0", "--disk")]
    [InlineData("host create x --disk 99999999TiB", "--disk")]
    [InlineData("host create x --label novalue", "--label")]
    [InlineData("host create x --constraint rack:IS:a", "--constraint")]
    [InlineData("host create x --constraint rack:EQUALS", "--constraint")]
    [InlineData("host create x --count 0", "--count")]
    [InlineData("host create x --wait --no-wait", "exclude each other")]
    [InlineData("host create x --timeout soon", "--timeout")]
    [InlineData("host ls --format xml", "--format")]
    [InlineData("up --listen nowhere", "--listen")]
    [InlineData("up --accel warp", "--accel: Argument 'warp'")]
    [InlineData("login --access-key k", "go together")]
    [InlineData("completion csh", "csh")]
    public async Task CommandLine_Wrong_SaysWhat_AndEndsWith2(string line, string words)
    {
        Assert.Equal(ExitCode.Usage, await _terminal.RunAsync(line.Split(' ')));
        Assert.Contains(words, _terminal.Error, StringComparison.Ordinal);
        Assert.Contains("--help", _terminal.Error, StringComparison.Ordinal);
        Assert.Equal("", _terminal.Out);
    }

    [Fact]
    public async Task Help_OfTheRoot_ListsTheExitCodes()
    {
        Assert.Equal(0, await _terminal.RunAsync("--help"));
        Assert.Contains("not authorised", _terminal.Out, StringComparison.Ordinal);
        Assert.Equal(0, await _terminal.RunAsync("host", "rm", "-h"));
        Assert.DoesNotContain("not authorised", _terminal.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnyServerCommand_WithoutAServer_SaysHowToChooseOne()
    {
        Assert.Equal(ExitCode.Unreachable, await _terminal.RunAsync("host", "ls"));
        Assert.Contains("drover login", _terminal.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ServerAway_IsUnreachable()
    {
        _terminal.Variables["DROVER_URL"] = "http://127.0.0.1:1";
        _terminal.Variables["DROVER_ACCESS_KEY"] = "key";
        _terminal.Variables["DROVER_SECRET_KEY"] = "secret";
        Assert.Equal(ExitCode.Unreachable, await _terminal.RunAsync("host", "ls"));
        Assert.Contains("127.0.0.1:1", _terminal.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Completion_KnowsCommandsOptionsAndHosts_AndIsSilentWithoutAServer()
    {
        await _terminal.RunAsync("[suggest:8]", "drover h");
        Assert.Contains("host", _terminal.Out, StringComparison.Ordinal);
        Assert.Equal(0, await _terminal.RunAsync("[suggest:15]", "drover host rm "));
        Assert.Equal("", _terminal.Error);

        await using var api = await FakeApi.StartAsync();
        api.Choose(_terminal);
        api.AddMachine("web-1", "creating");
        await _terminal.RunAsync("[suggest:17]", "drover host rm we");
        Assert.Equal("web-1", _terminal.Out.Trim());
    }

    [Theory]
    [InlineData("bash")]
    [InlineData("zsh")]
    [InlineData("fish")]
    public async Task CompletionScript_AsksThisProgram(string shell)
    {
        Assert.Equal(0, await _terminal.RunAsync("completion", shell));
        Assert.Contains("[suggest:", _terminal.Out, StringComparison.Ordinal);
    }

    public void Dispose() => _terminal.Dispose();
}
