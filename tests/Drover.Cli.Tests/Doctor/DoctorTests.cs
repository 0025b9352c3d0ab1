using System.Text.Json.Nodes;
using Drover.Testing;

namespace Drover.Cli.Tests.Doctor;

/// <summary>The command with a script in the place of the executor's program.</summary>
public sealed class DoctorTests : IDisposable
{
    private readonly Terminal _terminal = new();
    private readonly string _data;

    public DoctorTests()
    {
        _data = _terminal.Home.CreateSubdirectory("data").FullName;
        File.SetUnixFileMode(_data, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var programs = _terminal.Home.CreateSubdirectory("programs").FullName;
        _terminal.ProgramFolder = programs;
        _terminal.Variables["DROVER_DATA"] = _data;
        _terminal.Variables["DROVER_HOME"] = _terminal.Home.FullName;
        _terminal.Variables["PATH"] = programs;
        foreach (var program in new[] { "droverd", "drover-agent", "qemu-system-x86_64", "qemu-system-aarch64", "qemu-img" })
        {
            File.WriteAllText(Path.Combine(programs, program), "");
        }

        Executor("[]");
    }

    [Fact]
    public async Task NothingWrong_IsOkWithExitCodeZero()
    {
        Assert.Equal(0, await _terminal.RunAsync("doctor", "--format", "json"));

        var rows = Rows();
        Assert.All(rows, row => Assert.Equal("ok", row.State));
        Assert.Contains(rows, row => row.Name == "services" && row.Detail.Contains("nothing runs", StringComparison.Ordinal));
    }

    [Fact]
    public async Task MissingQemu_IsAProblemThatNamesThePackage()
    {
        File.Delete(Path.Combine(_terminal.ProgramFolder, "qemu-img"));

        Assert.Equal(ExitCode.Failed, await _terminal.RunAsync("doctor"));

        Assert.Contains("qemu-utils", _terminal.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task LeftBehind_IsAProblemAndRepairClearsItUp()
    {
        Executor("""[{"kind":"disk","name":"/x/disk.qcow2","owner":"web-1 (t.1)","machineId":"1ph1","state":"left behind"}]""");

        Assert.Equal(ExitCode.Failed, await _terminal.RunAsync("doctor", "--format", "json"));
        Assert.Contains(Rows(), row => row is { Name: "left behind", State: "problem" } && row.Detail.Contains("web-1", StringComparison.Ordinal) && row.Detail.Contains("1 disk", StringComparison.Ordinal));

        Assert.Equal(ExitCode.Ok, await _terminal.RunAsync("doctor", "--repair", "--format", "json"));
        Assert.Contains(Rows(), row => row is { Name: "left behind", State: "repaired" });
    }

    [Fact]
    public async Task DeadDroverd_IsAProblem_AndRepairRemovesItsRecord()
    {
        var record = Path.Combine(_data, "droverd.json");
        await File.WriteAllTextAsync(record, """{"pid":4194000,"startTime":1,"url":"http://127.0.0.1:1"}""", TestContext.Current.CancellationToken);
        Assert.Equal(ExitCode.Failed, await _terminal.RunAsync("doctor"));
        Assert.True(File.Exists(record));

        Assert.Equal(ExitCode.Ok, await _terminal.RunAsync("doctor", "--repair"));

        Assert.False(File.Exists(record));
    }

    [Theory]
    [InlineData("{\"name\":\"drover\",\"created\":\"2026-11-20T00:00:00Z\",\"files\":[]}", "ok", ExitCode.Ok)]
    [InlineData("{", "problem", ExitCode.Failed)]
    public async Task Image_IsLookedAt(string manifest, string state, int exitCode)
    {
        var folder = Directory.CreateDirectory(Path.Combine(_terminal.Home.FullName, "artifacts", "images", "drover")).FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, "manifest.json"), manifest, TestContext.Current.CancellationToken);

        Assert.Equal(exitCode, await _terminal.RunAsync("doctor", "--format", "json"));

        Assert.Contains(Rows(), row => row.Name == "image drover" && row.State == state);
    }

    [Fact]
    public async Task Ledger_ListsThingsWithOwners()
    {
        Executor("""[{"kind":"process","name":"qemu-system-x86_64 77","owner":"web-1 (t.1)","machineId":"1ph1","state":"used"}]""");

        Assert.Equal(0, await _terminal.RunAsync("doctor", "ledger"));

        Assert.Contains("qemu-system-x86_64 77", _terminal.Out, StringComparison.Ordinal);
        Assert.Contains("web-1 (t.1)", _terminal.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ledger_ProgramFails_SaysItsLastWords()
    {
        Script("echo no such folder >&2; exit 1");

        Assert.Equal(ExitCode.Failed, await _terminal.RunAsync("doctor", "ledger"));

        Assert.Contains("no such folder", _terminal.Error, StringComparison.Ordinal);
    }

    public void Dispose() => _terminal.Dispose();

    /// <summary>Lists what it is told, and nothing after a repair.</summary>
    private void Executor(string ledger) => Script($$"""
        case "$*" in
        *--repair*) echo "Cleared up after web-1 (t.1), whose executor had died." >&2; echo '[]' ;;
        *) echo '{{ledger}}' ;;
        esac
        """);

    private void Script(string text) => TestProgram.Write(Path.Combine(_terminal.ProgramFolder, "drover-executor"), $"#!/bin/bash\n{text}\n");

    private IReadOnlyList<(string Name, string State, string Detail)> Rows() =>
        [.. JsonNode.Parse(_terminal.Out)!.AsArray().Select(row => ((string)row!["name"]!, (string)row["state"]!, (string)row["detail"]!))];
}
