using System.Threading.Channels;
using Drover.Api.Agents;
using Drover.Api.Machines;
using Drover.Executor.Commands;
using Drover.Executor.Consoles;
using Drover.Executor.Machines;
using Drover.Executor.Usage;

namespace Drover.Executor.Tests.Machines;

/// <summary>A machine whose every step the test decides.</summary>
internal sealed class FakeDriver : IMachineDriver, IMachine, IGuestChannel
{
    private readonly Channel<GuestMessage> said = Channel.CreateUnbounded<GuestMessage>();
    private readonly TaskCompletionSource<MachineExit> exited = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private readonly Dictionary<string, TaskCompletionSource> awaited = [];

    public List<string> Acts { get; } = [];

    /// <summary>What a preparation does beyond returning.</summary>
    public Func<string, CancellationToken, Task> Preparing { get; set; } = (_, _) => Task.CompletedTask;

    public Func<CancellationToken, Task> PoweringOn { get; set; } = _ => Task.CompletedTask;

    /// <summary>Whether the machine goes when its power button is pressed, and when QEMU is told to quit.</summary>
    public bool ObeysPowerDown { get; set; } = true;

    public bool ObeysQuit { get; set; } = true;

    public TaskCompletionSource<GuestMessage> Told { get; private set; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public NetworkOutcome? Connection { get; init; }

    public AcceleratorChoice? Accelerator { get; } = new("tcg", "tcg: for the test");

    public StartChoice? Start { get; set; }

    public Func<CancellationToken, Task> Freezing { get; set; } = _ => Task.CompletedTask;

    public Drover.Executor.Disks.DiskOrigin Origin => Drover.Executor.Disks.DiskOrigin.None;

    public GuestNetwork Network { get; } = new("10.0.2.15/24", "10.0.2.2", ["10.0.2.3"], "10.0.2.2");

    public ProcessRecord? Process => null;

    public FakeControls Switches { get; } = new();

    public IMachineControls Controls => Switches;

    public IGuestChannel Guest => this;

    public Task<MachineExit> Exited => exited.Task;

    public void Say(GuestMessage message) => said.Writer.TryWrite(message);

    public void Hello() => Say(new GuestMessage { Type = GuestMessage.Hello, Protocol = GuestMessage.CurrentProtocol, Version = "1" });

    public void End(string cause) => exited.TrySetResult(new MachineExit(cause));

    public async Task PrepareAsync(string stage, IProgress<string> progress, CancellationToken cancellationToken)
    {
        Act(stage);
        await Preparing(stage, cancellationToken);
    }

    public async Task<IMachine> PowerOnAsync(CancellationToken cancellationToken)
    {
        Act("power-on");
        await PoweringOn(cancellationToken);
        return this;
    }

    public Task AdoptAsync(Drover.Api.Machines.MachineTask machine, CancellationToken cancellationToken)
    {
        Act("adopt");
        return Task.CompletedTask;
    }

    public async Task FreezeAsync(IMachine machine, IProgress<string> progress, CancellationToken cancellationToken)
    {
        Act("freeze");
        await Freezing(cancellationToken);
        End("quit");
    }

    public string? Tap => null;

    public Task LimitNetworkAsync(long? bytes, CancellationToken cancellationToken)
    {
        Act($"limit network {bytes}");
        return Task.CompletedTask;
    }

    public Task RemoveAsync()
    {
        Act("remove");
        return Task.CompletedTask;
    }

    /// <summary>What a console is.</summary>
    public Func<string, IConsole> Opening { get; set; } = kind => throw new MachineException($"no {kind} console in this test");

    public Task<IConsole> OpenConsoleAsync(string kind, CancellationToken cancellationToken) => Task.FromResult(Opening(kind));

    public Task SettleAsync(CancellationToken cancellationToken)
    {
        Act("settle");
        return Task.CompletedTask;
    }

    public Task PowerDownAsync(CancellationToken cancellationToken)
    {
        Act("power-down");
        if (ObeysPowerDown)
        {
            End("powered down");
        }

        return Task.CompletedTask;
    }

    public Task QuitAsync(CancellationToken cancellationToken)
    {
        Act("quit");
        if (ObeysQuit)
        {
            End("quit");
        }

        return Task.CompletedTask;
    }

    public void Kill()
    {
        if (!exited.Task.IsCompleted)
        {
            Act("kill");
            End("killed");
        }
    }

    public IAsyncEnumerable<GuestMessage> ReadAsync(CancellationToken cancellationToken) => said.Reader.ReadAllAsync(cancellationToken);

    public Task Connected => Task.CompletedTask;

    /// <summary>Takes no message for so many tries.</summary>
    public int Deaf { get; set; }

    public Task<bool> SendAsync(GuestMessage message, CancellationToken cancellationToken)
    {
        if (Deaf > 0)
        {
            Deaf--;
            Act("deaf");
            return Task.FromResult(false);
        }

        Act($"told {message.Type}");
        Told.TrySetResult(message);
        return Task.FromResult(true);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>Completes when the act was done.</summary>
    public Task ActedAsync(string name)
    {
        lock (Acts)
        {
            return Acts.Contains(name) ? Task.CompletedTask : (awaited[name] = new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
    }

    private void Act(string name)
    {
        lock (Acts)
        {
            Acts.Add(name);
            if (awaited.Remove(name, out var waiting))
            {
                waiting.SetResult();
            }
        }
    }
}

/// <summary>Switches that do what the test says.</summary>
internal sealed class FakeControls : IMachineControls
{
    private readonly Dictionary<string, TaskCompletionSource> awaited = [];

    public List<string> Acts { get; } = [];

    /// <summary>What an act does beyond being noted.</summary>
    public Func<string, CancellationToken, Task> Acting { get; set; } = (_, _) => Task.CompletedTask;

    public bool ObeysPowerButton { get; set; } = true;

    public List<DiskSnapshot> Snapshots { get; } = [];

    public async Task<bool> HaltAsync(TimeSpan grace, CancellationToken cancellationToken)
    {
        await ActAsync("halt", cancellationToken);
        return ObeysPowerButton && grace > TimeSpan.Zero;
    }

    public Task ResetAsync(CancellationToken cancellationToken) => ActAsync("reset", cancellationToken);

    public Task GrowDiskAsync(long bytes, CancellationToken cancellationToken) => ActAsync($"grow {bytes}", cancellationToken);

    public Task LimitDisksAsync(MachineLimits limits, CancellationToken cancellationToken) => ActAsync($"limit {limits.DiskBytes} {limits.DiskOperations}", cancellationToken);

    public Task ForwardAsync(IReadOnlyList<PortForward> forwards, CancellationToken cancellationToken) => ActAsync($"forward {string.Join(' ', forwards)}", cancellationToken);

    public async Task SnapshotAsync(string name, CancellationToken cancellationToken)
    {
        await ActAsync($"snapshot {name}", cancellationToken);
        Snapshots.Add(new DiskSnapshot(name, DateTimeOffset.UnixEpoch));
    }

    public Task RestoreAsync(string name, CancellationToken cancellationToken) => ActAsync($"restore {name}", cancellationToken);

    public Task RemoveSnapshotAsync(string name, CancellationToken cancellationToken) => ActAsync($"remove {name}", cancellationToken);

    public Task<IReadOnlyDictionary<string, string>> CopyDisksAsync(CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyDictionary<string, string>>(new Dictionary<string, string>(StringComparer.Ordinal));

    public Task<DiskCounters> DiskCountersAsync(CancellationToken cancellationToken) => Task.FromResult(new DiskCounters(0, 0, 0));

    public Task<IReadOnlyList<DiskSnapshot>> SnapshotsAsync(CancellationToken cancellationToken) => Task.FromResult<IReadOnlyList<DiskSnapshot>>([.. Snapshots]);

    /// <summary>Completes when the act was done.</summary>
    public Task ActedAsync(string name)
    {
        lock (Acts)
        {
            return Acts.Contains(name) ? Task.CompletedTask : (awaited[name] = new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
    }

    private Task ActAsync(string name, CancellationToken cancellationToken)
    {
        lock (Acts)
        {
            Acts.Add(name);
            if (awaited.Remove(name, out var waiting))
            {
                waiting.SetResult();
            }
        }

        return Acting(name, cancellationToken);
    }
}
