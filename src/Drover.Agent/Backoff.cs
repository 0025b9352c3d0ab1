namespace Drover.Agent;

/// <summary>Waits between tries: doubling from <paramref name="first"/> to <paramref name="longest"/>, each shortened by chance to
/// between half and all of it, so that ten thousand agents do not return to a restarted server in the same instant.</summary>
internal sealed class Backoff(TimeProvider time, TimeSpan first, TimeSpan longest, Random random)
{
    private int _failures;

    /// <summary>The agent's waits for the server: 0.2 s to 5 s, so that hosts are back soon after a restart of the server.</summary>
    public static Backoff ForServer(TimeProvider time) => new(time, TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(5), Random.Shared);

    /// <summary>Failures since the last success.</summary>
    public int Failures => _failures;

    public void Reset() => _failures = 0;

    /// <summary>Counts a failure and tells how long to wait after it.</summary>
    public TimeSpan Next()
    {
        var full = Math.Min(longest.TotalMilliseconds, first.TotalMilliseconds * Math.Pow(2, Math.Min(_failures, 30)));
        _failures++;
        return TimeSpan.FromMilliseconds(full * (0.5 + (0.5 * random.NextDouble())));
    }

    public Task WaitAsync(CancellationToken cancellationToken) => Task.Delay(Next(), time, cancellationToken);
}
