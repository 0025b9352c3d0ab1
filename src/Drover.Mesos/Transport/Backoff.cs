namespace Drover.Mesos;

/// <summary>Doubling delays between a floor and a cap, each taken at random from its upper half so that many clients do not come at once.</summary>
internal sealed class Backoff(TimeSpan floor, TimeSpan cap)
{
    private readonly TimeSpan _floor = floor;
    private TimeSpan _next = floor;

    /// <summary>How often it has grown since the last <see cref="Reset"/>.</summary>
    public int Attempts { get; private set; }

    public TimeSpan Next()
    {
        var upper = _next;
        _next = _next * 2 < cap ? _next * 2 : cap;
        Attempts++;
        return upper / 2 + upper / 2 * Random.Shared.NextDouble();
    }

    public void Reset()
    {
        _next = _floor;
        Attempts = 0;
    }
}
