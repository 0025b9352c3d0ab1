namespace Drover.Web.Live;

/// <summary>Pauses between attempts: 0.5 s doubled up to 15 s, each drawn from its upper half so that many pages do not come back at once.</summary>
internal static class Backoff
{
    public static TimeSpan Delay(int attempt, Random random)
    {
        var full = Math.Min(15, 0.5 * Math.Pow(2, Math.Min(attempt, 10) - 1));
        return TimeSpan.FromSeconds(full * (0.5 + (random.NextDouble() / 2)));
    }
}
