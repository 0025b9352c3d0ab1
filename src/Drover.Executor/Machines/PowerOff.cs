namespace Drover.Executor.Machines;

/// <summary>Ends a machine in three steps: power button with grace, quit, kill. It always ends.</summary>
internal sealed class PowerOff(IMachine machine, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan QuitTime = TimeSpan.FromSeconds(5);
    private readonly CancellationTokenSource graceOver = new(Timeout.InfiniteTimeSpan, time);
    private readonly Lock gate = new();
    private DateTimeOffset? deadline;

    /// <summary>Waits until the machine is gone. Without grace the guest is not asked.</summary>
    internal async Task RunAsync(TimeSpan grace)
    {
        Shorten(grace);
        if (grace > TimeSpan.Zero)
        {
            await TryAsync(machine.PowerDownAsync, graceOver.Token);
            if (await GoneBeforeAsync(graceOver.Token))
            {
                return;
            }
        }

        using var quitOver = new CancellationTokenSource(QuitTime, time);
        await TryAsync(machine.QuitAsync, quitOver.Token);
        if (!await GoneBeforeAsync(quitOver.Token))
        {
            machine.Kill();
            await machine.Exited;
        }
    }

    /// <summary>Lets the grace end earlier: a second, more urgent wish. It never gets longer.</summary>
    internal void Shorten(TimeSpan grace)
    {
        lock (gate)
        {
            var asked = time.GetUtcNow() + grace;
            if (deadline is null || asked < deadline)
            {
                deadline = asked;
                graceOver.CancelAfter(grace);
            }
        }
    }

    public void Dispose() => graceOver.Dispose();

    private async Task<bool> GoneBeforeAsync(CancellationToken over)
    {
        try
        {
            await machine.Exited.WaitAsync(over);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    /// <summary>A monitor that does not answer must not keep the machine alive: the next step follows when its time is over.</summary>
    private static async Task TryAsync(Func<CancellationToken, Task> act, CancellationToken over)
    {
        try
        {
            await act(over);
        }
        catch (Exception e) when (e is MachineException or IOException or OperationCanceledException or ObjectDisposedException)
        {
        }
    }
}
