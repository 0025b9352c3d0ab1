namespace Drover.Server.Processes;

/// <summary>Wakes one waiting loop. Setting it while nobody waits makes the next wait return at once.</summary>
internal sealed class WakeSignal(TimeProvider time)
{
    private volatile TaskCompletionSource _set = New();

    public void Set() => _set.TrySetResult();

    /// <summary>Returns when set, or at <paramref name="until"/>. A point in time, and not a span, because time may pass between deciding and waiting.</summary>
    public async Task WaitAsync(DateTimeOffset until, CancellationToken cancellationToken)
    {
        using var done = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var left = until - time.GetUtcNow();
        if (left > TimeSpan.Zero)
        {
            var delay = Task.Delay(left, time, done.Token);

            // Time may have passed just before the delay began.
            if (time.GetUtcNow() < until)
            {
                await Task.WhenAny(_set.Task, delay);
            }
        }

        await done.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
        if (_set.Task.IsCompleted)
        {
            _set = New();
        }
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
