namespace Drover.Cli.Local;

/// <summary>Lets <c>up</c> and <c>down</c> of one data folder take turns. An flock: a killed holder frees it.</summary>
internal sealed class TurnLock : IDisposable
{
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(100);
    private readonly FileStream _held;

    private TurnLock(FileStream held) => _held = held;

    /// <param name="mustWait">Called once when another holds it.</param>
    public static async Task<TurnLock> TakeAsync(DataFolder data, TimeProvider time, Action mustWait, CancellationToken cancellationToken)
    {
        for (var first = true; ; first = false)
        {
            if (TryTake(data) is { } taken)
            {
                return taken;
            }

            if (first)
            {
                mustWait();
            }

            await Task.Delay(Pace, time, cancellationToken);
        }
    }

    public void Dispose() => _held.Dispose();

    private static TurnLock? TryTake(DataFolder data)
    {
        try
        {
            return new TurnLock(new FileStream(data.TurnFile, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (IOException e) when (e is not (DirectoryNotFoundException or FileNotFoundException or PathTooLongException))
        {
            return null;
        }
    }
}
