using System.Diagnostics;
using Drover.Testing;

namespace Drover.Cli.Tests.Launcher;

/// <summary>The launcher script in a checkout of its own, with a <c>dotnet</c> that only writes down what it was asked to build.</summary>
public sealed class LauncherTests : IDisposable
{
    private readonly DirectoryInfo _checkout = Directory.CreateTempSubdirectory("drover-launcher-test-");

    public LauncherTests()
    {
        File.Copy(Path.Combine(Repository(), "drover"), PathOf("drover"));
        Write("Drover.slnx", "");
        foreach (var project in new[] { "Cli", "Executor", "Agent", "Daemon", "Api", "Mesos" })
        {
            Write($"src/Drover.{project}/Source.cs", "// first");
        }

        Directory.CreateDirectory(PathOf("sdk/sdk/10.0.100"));
        WriteProgram("sdk/dotnet", """
            while [ $# -gt 0 ]; do
                case $1 in
                -o) out=$2 ;;
                */src/Drover.*) project=${1##*/} ;;
                esac
                shift
            done
            [ -n "${out:-}" ] || exit 0
            echo "$project" >>"$DROVER_HOME/built"
            if grep -q broken "$DROVER_HOME/src/$project/Source.cs"; then echo "$project/Source.cs(1,1): error CS0001: broken on purpose [x.csproj]"; exit 1; fi
            case $project in
            Drover.Cli) name=drover ;;
            Drover.Daemon) name=droverd ;;
            *) name=drover-${project#Drover.} && name=${name,,} ;;
            esac
            mkdir -p "$out"
            printf '#!/bin/bash\necho "program: $DROVER_CALLED $*"\nexit 7\n' >"$out/$name"
            chmod +x "$out/$name"
            """);

        // Every package is there, so that no test installs one.
        WriteProgram("bin/dpkg-query", "shift 3; for package; do echo \"$package installed\"; done");
    }

    [Fact]
    public async Task FirstCommand_BuildsFourPrograms_AndHandsOver_SecondBuildsNothing()
    {
        var first = await RunAsync("host", "ls", "--data", "a b");
        Assert.Equal((7, "program: ./drover host ls --data a b\n"), (first.Exit, first.Out));
        Assert.Equal(["Drover.Agent", "Drover.Cli", "Drover.Daemon", "Drover.Executor"], Built());

        var second = await RunAsync("up", "--accel", "simulated");
        Assert.Equal((7, "", 4), (second.Exit, second.Error, Built().Count));
    }

    [Fact]
    public async Task ChangedSource_BuildsOnlyWhatIsMadeOfIt()
    {
        await RunAsync("host", "ls");
        Write("src/Drover.Mesos/Source.cs", "// second");
        Forget();
        await RunAsync("host", "ls");
        Assert.Equal(["Drover.Daemon", "Drover.Executor"], Built());

        Forget();
        Write("README.md", "not a source");
        Write("src/Drover.Web/node_modules/x.js", "not ours");
        await RunAsync("host", "ls");
        Assert.Empty(Built());
    }

    [Fact]
    public async Task BrokenSource_ShowsTheError_AndTheOldProgramsStay()
    {
        await RunAsync("host", "ls");
        var before = new FileInfo(PathOf("artifacts/drover")).LinkTarget;
        Write("src/Drover.Agent/Source.cs", "broken");
        var result = await RunAsync("host", "ls");
        Assert.Equal(1, result.Exit);
        Assert.Contains("error CS0001: broken on purpose", result.Error, StringComparison.Ordinal);
        Assert.Contains("drover-agent could not be built", result.Error, StringComparison.Ordinal);
        Assert.Equal(before, new FileInfo(PathOf("artifacts/drover")).LinkTarget);

        Assert.Equal("program: ./drover down\n", (await RunAsync("down")).Out);
        Assert.Equal("program: ./drover status\n", (await RunAsync("status")).Out);
    }

    [Fact]
    public async Task TwoLaunchersAtOnce_BuildOnce()
    {
        var both = await Task.WhenAll(RunAsync("env", "ls"), RunAsync("env", "ls"));
        Assert.All(both, r => Assert.Equal((7, "program: ./drover env ls\n"), (r.Exit, r.Out)));
        Assert.Equal(4, Built().Count);
    }

    [Fact]
    public async Task OldVersions_AreRemovedWhenNothingRunsFromThem()
    {
        await RunAsync("host", "ls");
        var old = new FileInfo(PathOf("artifacts/drover")).LinkTarget!;
        Write("src/Drover.Api/Source.cs", "// second");
        await RunAsync("host", "ls");
        Assert.False(Directory.Exists(PathOf($"artifacts/{old}")));
        Assert.Single(Directory.EnumerateDirectories(PathOf("artifacts/versions")));
    }

    [Fact]
    public async Task KilledBetweenBuildAndSwitch_TheNextOneGoesOn()
    {
        await RunAsync("host", "ls");
        File.Delete(PathOf("artifacts/drover"));
        Directory.CreateDirectory(PathOf("artifacts/versions/.new.1/half"));
        Forget();
        Assert.Equal(7, (await RunAsync("host", "ls")).Exit);
        Assert.Empty(Built());
        Assert.Single(Directory.EnumerateDirectories(PathOf("artifacts/versions")));
    }

    [Theory]
    [InlineData("--help")]
    [InlineData("[suggest:8]", "drover h")]
    public async Task HelpAndCompletion_BuildNothing(params string[] arguments)
    {
        Assert.Equal(0, (await RunAsync(arguments)).Exit);
        Assert.Empty(Built());
    }

    [Theory]
    [InlineData("test", "everything")]
    [InlineData("test", "fast", "more")]
    [InlineData("--data", "x", "test")]
    [InlineData("--data", "x", "bench")]
    public async Task WrongUse_IsRefused_WithoutBuilding(params string[] arguments)
    {
        var result = await RunAsync(arguments);
        Assert.Equal(1, result.Exit);
        Assert.StartsWith("drover: ", result.Error, StringComparison.Ordinal);
        Assert.Empty(Built());
    }

    [Fact]
    public async Task MissingPackages_AreNamed_WhenTheyCannotBeInstalled()
    {
        WriteProgram("bin/dpkg-query", "echo 'qemu-utils installed'");
        WriteProgram("bin/apt-get", "echo \"E: no network for $*\"; exit 100");
        var result = await RunAsync("up");
        Assert.Equal(1, result.Exit);
        Assert.Contains("mmdebstrap e2fsprogs", result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("qemu-utils", result.Error, StringComparison.Ordinal);
        Assert.Empty(Built());
    }

    [Theory]
    [InlineData("drover")]
    [InlineData(".ci/run")]
    [InlineData("images/cloud-test/build.sh")]
    [InlineData("images/cloud-test/docker-repository.sh")]
    [InlineData("src/Drover.Executor/SeedDisk/setup.sh")]
    public async Task Scripts_AreCleanForShellcheck(string script)
    {
        if (!File.Exists("/usr/bin/shellcheck"))
        {
            Assert.Skip("shellcheck is not installed (apt-get install shellcheck)");
        }

        using var check = Process.Start(new ProcessStartInfo("/usr/bin/shellcheck", ["-x", script]) { WorkingDirectory = Repository(), UseShellExecute = false, RedirectStandardOutput = true })!;
        var said = await check.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await check.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal((0, ""), (check.ExitCode, said));
    }

    [Fact]
    public async Task Test_ThatFails_IsSaidOnceMoreAtTheEnd()
    {
        foreach (var (name, failed, said) in new[] { ("A", 1, "    A.Adds [FAIL]\\n      Expected: 1\\n"), ("B", 0, "") })
        {
            Directory.CreateDirectory(PathOf($"tests/Drover.{name}.Tests"));
            WriteProgram($"artifacts/bin/Drover.{name}.Tests/release/Drover.{name}.Tests", $$"""
                while [ "$1" != -result-xml ]; do shift; done
                echo '<assembly passed="1" failed="{{failed}}" skipped="0" errors="0">' >"$2"
                printf '{{said}}'
                exit {{failed}}
                """);
        }

        var run = await RunAsync("test", "fast");

        Assert.Equal((1, "2 passed, 1 failed, 0 skipped\n"), (run.Exit, run.Out));
        var end = run.Error[run.Error.LastIndexOf("Drover.B.Tests: 1 passed, 0 failed", StringComparison.Ordinal)..];
        Assert.Contains("A.Adds [FAIL]\n      Expected: 1\n", end, StringComparison.Ordinal);
    }

    public void Dispose() => _checkout.Delete(recursive: true);

    private async Task<(int Exit, string Out, string Error)> RunAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo("bash", ["./drover", .. arguments]) { UseShellExecute = false, WorkingDirectory = _checkout.FullName, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["PATH"] = $"{PathOf("bin")}:{Environment.GetEnvironmentVariable("PATH")}";
        start.Environment["DOTNET_ROOT"] = PathOf("sdk");
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, await output, await error);
    }

    private List<string> Built() => File.Exists(PathOf("built")) ? [.. File.ReadLines(PathOf("built")).Order(StringComparer.Ordinal)] : [];

    private void Forget() => File.Delete(PathOf("built"));

    private string PathOf(string path) => Path.Combine(_checkout.FullName, path);

    private void Write(string path, string content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(PathOf(path))!);
        File.WriteAllText(PathOf(path), content);
    }

    private void WriteProgram(string path, string script)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(PathOf(path))!);
        TestProgram.Write(PathOf(path), $"#!/bin/bash\n{script}\n");
    }

    private static string Repository()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(directory.FullName, "Drover.slnx")))
        {
            directory = directory.Parent!;
        }

        return directory.FullName;
    }
}
