using Drover.Cli.Connection;
using Drover.Cli.Local;

namespace Drover.Cli.Tests.Connection;

public sealed class ServerDecisionTests : IDisposable
{
    private readonly DirectoryInfo _home = Directory.CreateTempSubdirectory("drover-cli-test-");
    private readonly SavedLogin _login = new(new Uri("http://saved:8080"), "jwt", null, null, "ann");

    [Fact]
    public void NamedFolder_WinsOverEverything()
    {
        var folder = Instance("named");
        var choice = ServerDecision.Decide(Everything() with { Named = folder });
        Assert.Equal("http://127.0.0.1:9001/", choice.Url.AbsoluteUri);
        Assert.Equal("1a5", choice.ProjectId);
        Assert.Equal("Basic", choice.Authorization.Scheme);
    }

    [Fact]
    public void Variables_WinOverLoginAndDefaultFolder()
    {
        var choice = ServerDecision.Decide(Everything());
        Assert.Equal("http://variable:8080/", choice.Url.AbsoluteUri);
    }

    [Fact]
    public void Login_WinsOverDefaultFolder()
    {
        var choice = ServerDecision.Decide(Everything() with { Url = null });
        Assert.Equal("http://saved:8080/", choice.Url.AbsoluteUri);
        Assert.Equal("Bearer", choice.Authorization.Scheme);
    }

    [Fact]
    public void DefaultFolder_IsLast()
    {
        var choice = ServerDecision.Decide(Everything() with { Url = null, Login = null });
        Assert.Equal("http://127.0.0.1:9001/", choice.Url.AbsoluteUri);
    }

    [Fact]
    public void Nothing_SaysWhatToDo()
    {
        var failure = Assert.Throws<CliFailure>(() => ServerDecision.Decide(new ServerHints { Running = _ => null, Default = new DataFolder(Path.Combine(_home.FullName, "empty")) }));
        Assert.Equal(ExitCode.Unreachable, failure.ExitCode);
        Assert.Contains("drover login", failure.Advice, StringComparison.Ordinal);
    }

    [Fact]
    public void NamedFolder_NotRunning_SaysHowToStartIt_AndLooksNowhereElse()
    {
        var failure = Assert.Throws<CliFailure>(() => ServerDecision.Decide(Everything() with { Named = Instance("stopped"), Running = _ => null }));
        Assert.Equal(ExitCode.Unreachable, failure.ExitCode);
        Assert.Contains("up --data", failure.Advice, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://h:8080", null, "secret", "DROVER_ACCESS_KEY")]
    [InlineData("http://h:8080", "key", null, "DROVER_SECRET_KEY")]
    [InlineData("h:8080", "key", "secret", "DROVER_URL")]
    public void Variables_Incomplete_NameTheOneThatIsMissing(string url, string? key, string? secret, string missing)
    {
        var failure = Assert.Throws<CliFailure>(() => ServerDecision.Decide(Everything() with { Url = url, AccessKey = key, SecretKey = secret }));
        Assert.Equal(ExitCode.Usage, failure.ExitCode);
        Assert.Contains(missing, failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://h:8080", "http://h:8080/", null)]
    [InlineData("http://h:8080/v1", "http://h:8080/", null)]
    [InlineData("http://h:8080/v2-beta/projects/1a7", "http://h:8080/", "1a7")]
    [InlineData("https://h/rancher/v2-beta/projects/1a7/hosts", "https://h/rancher", "1a7")]
    public void Split_TakesVersionAndEnvironmentOff(string url, string server, string? project)
    {
        var split = ServerDecision.Split(new Uri(url));
        Assert.Equal(server, split.Url.AbsoluteUri);
        Assert.Equal(project, split.ProjectId);
    }

    [Fact]
    public void SavedLogin_IsReadableByItsOwnerOnly_AndReadBack()
    {
        var file = Path.Combine(_home.FullName, "config", "drover", "login.json");
        _login.Write(file);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        Assert.Equal(_login, SavedLogin.Read(file));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{\"url\":\"http://h\"}")]
    [InlineData("{\"url\":\"http://h\",\"accessKey\":\"a\"}")]
    [InlineData("[1]")]
    public void SavedLogin_Broken_IsNone(string content)
    {
        var file = Path.Combine(_home.FullName, "login.json");
        File.WriteAllText(file, content);
        Assert.Null(SavedLogin.Read(file));
    }

    public void Dispose() => _home.Delete(recursive: true);

    private ServerHints Everything() => new()
    {
        Url = "http://variable:8080/v1",
        AccessKey = "key",
        SecretKey = "secret",
        Login = _login,
        Default = Instance("default"),
        Running = _ => new InstanceRecord(1, 1, new Uri("http://127.0.0.1:9001"), null, null),
    };

    private DataFolder Instance(string name)
    {
        var folder = new DataFolder(Path.Combine(_home.FullName, name));
        Directory.CreateDirectory(Path.GetDirectoryName(folder.AdminKeyFile)!);
        File.WriteAllText(folder.AdminKeyFile, """{"accessKey":"key","secretKey":"secret","projectId":"1a5"}""");
        return folder;
    }
}
