namespace Drover.Web.Live;

/// <summary>Many changes, few calls: the first one asks for a call after a moment, and those until then are part of it.</summary>
internal sealed class CalmSignal(TimeProvider time, Action call)
{
    private int _scheduled;

    /// <param name="calm">How long this change may wait for others.</param>
    public void Raise(TimeSpan calm)
    {
        if (Interlocked.Exchange(ref _scheduled, 1) == 0)
        {
            _ = CallSoonAsync(calm);
        }
    }

    private async Task CallSoonAsync(TimeSpan calm)
    {
        await Task.Delay(calm, time);
        Volatile.Write(ref _scheduled, 0);
        call();
    }
}
