using System.Globalization;
using System.Text.Json;
using Drover.Api.Agents;
using Drover.Api.Machines;
using Drover.Executor.Commands;
using Drover.Executor.Consoles;
using Drover.Executor.Machines;
using Drover.Executor.Networking;
using Drover.Executor.Processes;

namespace Drover.Executor.Qemu;

/// <summary>A QEMU process with its monitor.</summary>
internal sealed class QemuMachine : IMachine
{
    private static readonly TimeSpan LogDrainTime = TimeSpan.FromSeconds(1);

    private readonly MachineContext context;
    private readonly ChildProcess child;
    private readonly RingLog log;
    private readonly Task pumps;
    private readonly QemuControls controls;
    private readonly SerialLine serial;
    private QmpClient? monitor;
    private string? shutdownReason;
    private readonly TaskCompletionSource<string> migrated = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool settled;
    private bool guestShallGrow;
    private FurtherCards? further;

    internal QemuMachine(MachineContext context, ChildProcess child, ProcessRecord record, ProcessUser? user, IGuestChannel guest, RingLog log)
    {
        this.context = context;
        this.child = child;
        this.log = log;
        Process = record;
        Guest = guest;
        controls = new QemuControls(context, user, () => Monitor);
        serial = new SerialLine(context.Console, child.Output, child.Input);
        pumps = Task.WhenAll(serial.PumpAsync(), log.PumpAsync(child.Error));
        Exited = WaitAsync();
    }

    public ProcessRecord? Process { get; }

    public IGuestChannel Guest { get; }

    public Task<MachineExit> Exited { get; }

    public IMachineControls Controls => controls;

    /// <summary>Takes the monitor over the connection that QEMU made.</summary>
    internal async Task ConnectAsync(Stream stream, CancellationToken cancellationToken) =>
        monitor = await QmpClient.OpenAsync(stream, context.Time, OnEvent, cancellationToken);

    public async Task<IConsole> OpenConsoleAsync(string kind, CancellationToken cancellationToken) =>
        kind == ConsoleKind.Serial ? serial.Attach()
        : QemuPlan.HasScreen(context.Task) ? await QemuScreen.OpenAsync(Monitor, cancellationToken)
        : throw new MachineException("This machine has no screen. Make it with the display vga to have one; its serial console is there.");

    public async Task SettleAsync(CancellationToken cancellationToken)
    {
        await Monitor.ExecuteAsync("set-action", arguments => arguments.WriteString("reboot", "reset"), cancellationToken);
        if (!settled && context.Task.Limits is { } limits)
        {
            // Not before: the start is nobody's load. Not again after a restart: limits may have been changed since.
            await controls.LimitDisksAsync(limits, cancellationToken);
        }

        if (guestShallGrow)
        {
            guestShallGrow = false;
            await Guest.SendAsync(new GuestMessage { Type = GuestMessage.Grow }, cancellationToken);
        }

        if (!settled && context.Task.Ports is { Count: > 0 } ports)
        {
            await controls.ForwardAsync(PortForward.Read(ports), cancellationToken);
        }

        settled = true;
        await PlugAsync(cancellationToken);
    }

    /// <summary>Gives a copy the cards beside its first when it is a host: the way to the server is the first card's, and to find another one takes a guest under
    /// emulation as long as all else together.</summary>
    internal void PlugWhenHost(FurtherCards cards) => further = cards;

    /// <summary>Cards that the guest has yet to get.</summary>
    internal bool LacksCards => further is not null;

    public async Task PowerDownAsync(CancellationToken cancellationToken) => await Monitor.ExecuteAsync("system_powerdown", null, cancellationToken);

    public async Task QuitAsync(CancellationToken cancellationToken) => await Monitor.ExecuteAsync("quit", null, cancellationToken);

    /// <summary>Lets the guest's processors stand still.</summary>
    internal async Task PauseAsync(CancellationToken cancellationToken) => await Monitor.ExecuteAsync("stop", null, cancellationToken);

    internal async Task ContinueAsync(CancellationToken cancellationToken) => await Monitor.ExecuteAsync("cont", null, cancellationToken);

    /// <summary>Writes the machine's state, without the memory that is shared with a file, to a socket of the sandbox. The machine stands still.</summary>
    internal Task SaveStateAsync(string socket, CancellationToken cancellationToken) => MigrateAsync("migrate", $"unix:{socket}", cancellationToken);

    /// <summary>Takes over the state of a machine that was saved, from a descriptor that QEMU inherited. It stands still as that one did.</summary>
    internal Task LoadStateAsync(nint descriptor, CancellationToken cancellationToken) =>
        MigrateAsync("migrate-incoming", $"fd:{descriptor.ToString(CultureInfo.InvariantCulture)}", cancellationToken);

    /// <summary>Makes a copy's disk larger than its template's. The guest is told to use it when it is a host: growing a file system takes its time.</summary>
    internal async Task ResizeDiskAsync(long bytes, CancellationToken cancellationToken)
    {
        await controls.GrowDiskAsync(bytes, cancellationToken);
        guestShallGrow = true;
    }

    private async Task PlugAsync(CancellationToken cancellationToken)
    {
        if (further is not { } cards)
        {
            return;
        }

        further = null;
        try
        {
            for (var number = 0; number < cards.Cards.Count; number++)
            {
                var (card, slot) = (cards.Cards[number], QemuPlan.Slot(cards.FirstSlot + number));
                await Monitor.ExecuteAsync("netdev_add", card.WriteBackend, cancellationToken);
                await Monitor.ExecuteAsync("device_add", arguments => card.WriteDevice(arguments, slot), cancellationToken);
            }
        }
        catch (MachineException e)
        {
            // It is a host all the same, and reaches everything but its neighbours.
            context.Console.AppendLine($"[drover] a card could not be plugged: {e.Message}");
            context.Options.Log($"a card could not be plugged: {e.Message}");
            return;
        }

        await Guest.SendAsync(new GuestMessage { Type = GuestMessage.Plugged, Cards = cards.Guest }, cancellationToken);
    }

    public void Kill() => child.Signal(LibC.SigKill);

    public async ValueTask DisposeAsync()
    {
        if (monitor is not null)
        {
            await monitor.DisposeAsync();
        }

        child.Dispose();
        await pumps;
    }

    private async Task MigrateAsync(string command, string uri, CancellationToken cancellationToken)
    {
        await Monitor.ExecuteAsync(
            "migrate-set-capabilities",
            arguments =>
            {
                arguments.WriteStartArray("capabilities");
                foreach (var capability in new[] { "x-ignore-shared", "events" })
                {
                    arguments.WriteStartObject();
                    arguments.WriteString("capability", capability);
                    arguments.WriteBoolean("state", true);
                    arguments.WriteEndObject();
                }

                arguments.WriteEndArray();
            },
            cancellationToken);
        await Monitor.ExecuteAsync(command, arguments => arguments.WriteString("uri", uri), cancellationToken);
        var first = await Task.WhenAny(migrated.Task, Exited).WaitAsync(cancellationToken);
        if (first == Exited)
        {
            throw new MachineException((await Exited).Cause);
        }

        if (await migrated.Task != "completed")
        {
            throw new MachineException($"QEMU's {command} failed: {string.Join(" / ", log.Tail(2))}");
        }
    }

    private QmpClient Monitor => monitor ?? throw new MachineException("QEMU's monitor is not connected.");

    private void OnEvent(string name, JsonElement data)
    {
        switch (name)
        {
            case "SHUTDOWN" when controls.PoweredDown():
                break;
            case "BLOCK_JOB_COMPLETED" or "BLOCK_JOB_CANCELLED":
                controls.JobEnded(data.GetProperty("device").GetString()!, name == "BLOCK_JOB_CANCELLED" ? "cancelled" : data.TryGetProperty("error", out var error) ? error.GetString() : null);
                break;
            case "SHUTDOWN" when data.ValueKind == JsonValueKind.Object && data.TryGetProperty("reason", out var reason):
                shutdownReason = reason.GetString();
                break;
            case "MIGRATION" when data.ValueKind == JsonValueKind.Object && data.TryGetProperty("status", out var status) && status.GetString() is "completed" or "failed" or "cancelled":
                migrated.TrySetResult(status.GetString()!);
                break;
            case "BLOCK_IO_ERROR":
                // QEMU pauses a guest whose disk cannot grow: without a word here it would only seem to hang.
                context.Console.AppendLine($"[drover] the machine's disk reports an error on the computer below: {data.GetRawText()}");
                break;
        }
    }

    private async Task<MachineExit> WaitAsync()
    {
        var exit = await child.Exited;
        // The last lines may still be in the pipes.
        await Task.WhenAny(pumps, Task.Delay(LogDrainTime, TimeProvider.System, CancellationToken.None));
        return new MachineExit(CauseOf(shutdownReason, exit, log.Tail(5)));
    }

    /// <summary>A sentence from the reason of QEMU's last SHUTDOWN event (qapi/run-state.json), its exit and its last words.</summary>
    internal static string CauseOf(string? reason, ProcessExit exit, IReadOnlyList<string> lastWords) => reason switch
    {
        "guest-shutdown" => "The guest powered itself off.",
        "guest-reset" => "The guest restarted before it was up: its kernel panicked, or its start gave up.",
        "guest-panic" => "The guest's kernel panicked.",
        "host-signal" => $"QEMU was ended by a signal from outside ({exit}).",
        "host-qmp-quit" or "host-qmp-system-reset" => "QEMU was told to quit.",
        _ => lastWords.Count == 0 ? $"QEMU died: {exit}." : $"QEMU died: {exit}: {string.Join(" / ", lastWords)}",
    };
}

/// <summary>Cards that a copy gets when it is a host.</summary>
/// <param name="FirstSlot">The first free slot.</param>
/// <param name="Guest">As the guest is told of them.</param>
internal sealed record FurtherCards(IReadOnlyList<NetworkCard> Cards, int FirstSlot, IReadOnlyList<GuestCard> Guest);
