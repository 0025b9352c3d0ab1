using Drover.Executor.Accelerators;
using Drover.Executor.Processes;

namespace Drover.Executor.Machines;

/// <summary>One of the places for machines that come up on this computer at a time, held by a lock (<see cref="FileLock"/>), so that it is free when its holder dies.</summary>
/// <remarks>Machines that come up side by side on too few processors are all as late as the last, and each takes more of them than alone. One after the other, the first
/// are early and the last is not later. A machine gives its place back when it is up, and after <see cref="Longest"/> at the latest: one that hangs is in nobody's way.</remarks>
internal sealed class StartTurn : IDisposable
{
    internal static readonly TimeSpan Longest = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    private readonly FileLock place;
    private readonly ITimer limit;
    private int ended;

    private StartTurn(FileLock place, TimeProvider time)
    {
        this.place = place;
        limit = time.CreateTimer(_ => Dispose(), null, Longest, Timeout.InfiniteTimeSpan);
    }

    /// <summary>How many places there are for machines of an accelerator; 0: as many as like.</summary>
    /// <remarks>Under emulation a machine that comes up keeps a processor busy, with kvm a fraction of one.</remarks>
    internal static int Places(string? accelerator) => accelerator switch
    {
        AcceleratorSelector.Tcg => Processors(),
        AcceleratorSelector.Kvm => 4 * Processors(),
        _ => 0,
    };

    /// <summary>A place if one is free; null if none is.</summary>
    /// <exception cref="IOException">The locks cannot be made.</exception>
    internal static StartTurn? TryTake(string stateDirectory, int places, TimeProvider time)
    {
        var folder = Path.Combine(stateDirectory, "turns");
        Directory.CreateDirectory(folder);
        for (var number = 0; number < places; number++)
        {
            var found = FileLock.Open(Path.Combine(folder, $"{number}.lock"));
            if (found.TryTake(exclusive: true))
            {
                return new StartTurn(found, time);
            }

            found.Dispose();
        }

        return null;
    }

    /// <summary>Waits for a place.</summary>
    internal static async Task<StartTurn> TakeAsync(string stateDirectory, int places, TimeProvider time, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (TryTake(stateDirectory, places, time) is { } turn)
            {
                return turn;
            }

            await Task.Delay(Pause, time, cancellationToken);
        }
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref ended, 1) == 0)
        {
            limit.Dispose();
            place.Dispose();
        }
    }

    /// <summary>The computer's, not those that this process may use (proc_stat(5)).</summary>
    private static int Processors() =>
        Math.Max(1, File.ReadLines("/proc/stat").Count(line => line.StartsWith("cpu", StringComparison.Ordinal) && line.Length > 3 && char.IsAsciiDigit(line[3])));
}
