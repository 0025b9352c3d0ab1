using Drover.Executor.Ledger;
using Drover.Executor.Machines;
using Drover.Executor.Processes;

namespace Drover.Executor.Tests.Ledger;

public sealed class LedgerTests : IDisposable
{
    private readonly TestFolder state = new();
    private readonly TestFolder sandbox = new();
    private readonly ExecutorOptions options = new() { Log = _ => { } };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Owner_Lives_SweepTouchesNothing()
    {
        using var hold = await WriteAsync();
        File.WriteAllText(sandbox["disk.qcow2"], "x");

        Assert.Empty(await LedgerSweep.RunAsync(state.Path, options, Token));

        Assert.True(File.Exists(sandbox["disk.qcow2"]));
        Assert.Equal([("disk", LedgerState.Used)], Things());
    }

    [Fact]
    public async Task Owner_Dead_SweepEndsTheProcessRemovesItsThingsAndKeepsTheLogs()
    {
        (await WriteAsync()).Dispose();
        using var machine = await ChildProcess.StartAsync(new ProcessSpec { Program = "sleep", Arguments = ["1000"], WorkingDirectory = sandbox.Path });
        Running(machine);
        foreach (var name in (string[])["disk.qcow2", "data.raw", "seed.iso", "qmp.sock", "console.log", "stdout"])
        {
            File.WriteAllText(sandbox[name], "x");
        }

        Directory.CreateDirectory(sandbox["guest"]);
        Assert.All(Things(), thing => Assert.Equal(LedgerState.LeftBehind, thing.State));

        Assert.Contains("web-1", Assert.Single(await LedgerSweep.RunAsync(state.Path, options, Token)), StringComparison.Ordinal);

        await machine.Exited.WaitAsync(Token);
        Assert.Equal(["console.log", "machine.json", "stdout"], Directory.EnumerateFileSystemEntries(sandbox.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Empty(Things());
        Assert.Empty(Directory.EnumerateFiles(state["ledger"]));
    }

    [Fact]
    public async Task Process_WithTheSameNumberButAnotherStart_IsNotTouched()
    {
        (await WriteAsync()).Dispose();
        using var other = await ChildProcess.StartAsync(new ProcessSpec { Program = "sleep", Arguments = ["1000"], WorkingDirectory = sandbox.Path });
        Running(other, start: other.StartTime!.Value - 1);

        await LedgerSweep.RunAsync(state.Path, options, Token);

        Assert.False(other.Exited.IsCompleted);
        other.Signal(LibC.SigKill);
    }

    [Theory]
    [InlineData("sweep.process:before")]
    [InlineData("sweep.files:before")]
    [InlineData("sweep.record:before")]
    public async Task Sweep_KilledAtAStep_IsDoneByTheNext(string step)
    {
        (await WriteAsync()).Dispose();
        File.WriteAllText(sandbox["disk.qcow2"], "x");
        var dying = options with { Reached = s => { if (s == step) { throw new InvalidOperationException("killed"); } } };
        await Assert.ThrowsAsync<InvalidOperationException>(() => LedgerSweep.RunAsync(state.Path, dying, Token));

        Assert.Single(await LedgerSweep.RunAsync(state.Path, options, Token));

        Assert.Empty(Things());
        Assert.Empty(await LedgerSweep.RunAsync(state.Path, options, Token));
    }

    [Fact]
    public async Task Owner_DiedBeforeItsRecordWasWritten_OnlyTheLockGoes()
    {
        (await WriteAsync()).Dispose();
        File.Delete(state["ledger/task-1.json"]);

        Assert.Empty(await LedgerSweep.RunAsync(state.Path, options, Token));

        Assert.Empty(Directory.EnumerateFiles(state["ledger"]));
    }

    [Fact]
    public async Task Write_WhileASweepHoldsTheLock_WaitsAndTakesOneThatOthersFind()
    {
        var path = state["ledger/task-1.lock"];
        Directory.CreateDirectory(state["ledger"]);
        var sweep = FileLock.Open(path);
        Assert.True(sweep.TryTake(exclusive: true));
        var writing = WriteAsync();
        Assert.False(writing.IsCompleted);
        File.Delete(path);
        sweep.Dispose();

        using var hold = await writing;

        Assert.True(File.Exists(path));
        Assert.Empty(await LedgerSweep.RunAsync(state.Path, options, Token));
        Assert.True(File.Exists(state["ledger/task-1.json"]));
    }

    [Fact]
    public async Task Write_WhereNothingCanBeWritten_IsAMachineFailure() =>
        await Assert.ThrowsAsync<MachineException>(() => new MachineLedger("/proc/nowhere").WriteAsync(Record(), TimeProvider.System, Token));

    [Fact]
    public async Task Command_Repairs_ThenListsNothing()
    {
        (await WriteAsync()).Dispose();
        File.WriteAllText(sandbox["disk.qcow2"], "x");
        var (command, _) = ExecutorCommandLine.Read(["--ledger", "--repair", "--state", state.Path]);
        using var output = new StringWriter();
        using var error = new StringWriter();

        Assert.Equal(ExecutorHost.Done, await LedgerCommand.RunAsync(command!, options, output, error, Token));

        Assert.Equal("[]", output.ToString().Trim());
        Assert.Contains("Cleared up after web-1 (task-1)", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Templates_HalfMadeOrHalfRemoved_AreLeftBehindAndRepaired_WholeOnesAreKept()
    {
        foreach (var name in (string[])["k1", "k2.draft", "k3.doomed123"])
        {
            Directory.CreateDirectory(state[$"templates/{name}"]);
        }

        using var maker = FileLock.Open(state["templates/k4.make"]);
        Assert.True(maker.TryTake(exclusive: true));
        Directory.CreateDirectory(state["templates/k4.draft"]);
        Assert.Equal(
            [("k1", LedgerState.Kept), ("k2.draft", LedgerState.LeftBehind), ("k3.doomed123", LedgerState.LeftBehind), ("k4.draft", LedgerState.Used)],
            Inventory.Of(state.Path, state.Path).Select(entry => (entry.Name, entry.State)));

        await LedgerCommand.RunAsync(ExecutorCommandLine.Read(["--ledger", "--repair", "--state", state.Path]).Command!, options, TextWriter.Null, TextWriter.Null, Token);

        Assert.Equal(["k1", "k4.draft"], Inventory.Of(state.Path, state.Path).Select(entry => entry.Name));
    }

    [Fact]
    public async Task Spare_ThatWasClaimed_IsListedUnderItsMachinesName()
    {
        using var hold = await WriteAsync();
        File.WriteAllText(sandbox["disk.qcow2"], "x");
        new MachineJournal(sandbox.Path, options).Write("claimed", new MachineRecord
        {
            TaskId = "task-1", MachineId = "1ph9", ExternalId = "e", Name = "claimed-1", ExecutorPid = 1, StateDirectory = state.Path, ImageDigest = "d",
        });

        var disk = Assert.Single(Inventory.Of(state.Path, state.Path));

        Assert.Equal(("claimed-1 (task-1)", "1ph9"), (disk.Owner, disk.MachineId));
    }

    [Fact]
    public async Task Command_WithoutAFolder_SaysSo()
    {
        using var error = new StringWriter();

        Assert.Equal(ExecutorHost.Usage, await LedgerCommand.RunAsync(ExecutorCommandLine.Read(["--ledger"]).Command!, options, TextWriter.Null, error, Token));

        Assert.Contains("--state", error.ToString(), StringComparison.Ordinal);
    }

    public void Dispose()
    {
        state.Dispose();
        sandbox.Dispose();
    }

    private Task<LedgerHold> WriteAsync() => new MachineLedger(state.Path).WriteAsync(Record(), TimeProvider.System, Token);

    private IReadOnlyList<(string Kind, string State)> Things() => [.. Inventory.Of(state.Path, state.Path).Select(entry => (entry.Kind, entry.State))];

    private void Running(ChildProcess machine, long? start = null) => new MachineJournal(sandbox.Path, options).Write("powered-on", new MachineRecord
    {
        TaskId = "task-1",
        MachineId = "1ph7",
        ExternalId = "6b8e0c0e-6a0c-4d0b-9d0e-0f6f3b1c7a11",
        Name = "web-1",
        ExecutorPid = 1,
        StateDirectory = state.Path,
        ImageDigest = "d",
        Process = new ProcessRecord(machine.Pid, start ?? machine.StartTime, "sleep", ["1000"], null),
    });

    private LedgerRecord Record() => new()
    {
        TaskId = "task-1",
        Kind = "machine",
        MachineId = "1ph7",
        ExternalId = "6b8e0c0e-6a0c-4d0b-9d0e-0f6f3b1c7a11",
        Name = "web-1",
        Network = "user",
        Sandbox = sandbox.Path,
        ExecutorPid = 1,
        ExecutorStartTime = -1,
        Since = DateTimeOffset.UnixEpoch,
    };
}
