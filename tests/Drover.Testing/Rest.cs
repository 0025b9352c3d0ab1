namespace Drover.Testing;

/// <summary>What a test waits for between two steps of fake time.</summary>
internal static class Rest
{
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(2);
    private static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(100);

    /// <summary>Until the programs of this process have done what the last step made them do, as far as can be seen: nothing waits for a thread any more.</summary>
    /// <remarks>On a busy computer time must not run ahead of those who live by it: a silence of a minute passes in 20 steps.</remarks>
    internal static async Task OfAllAsync(CancellationToken cancellationToken)
    {
        var began = TimeProvider.System.GetTimestamp();
        for (var calm = false; !calm && TimeProvider.System.GetElapsedTime(began) < Longest;)
        {
            await Task.Delay(Moment, cancellationToken);
            calm = ThreadPool.PendingWorkItemCount == 0;
        }
    }
}
