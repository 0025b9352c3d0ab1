using System.Globalization;

namespace Drover.Executor.Usage;

/// <summary>How scarce the computer's processors are: for how long something that could run had to wait (Linux' pressure stall information, <c>/proc/pressure/cpu</c>).</summary>
/// <param name="stalled">That time since the computer's boot; null where it is not counted.</param>
internal sealed class CpuPressure(TimeProvider time, Func<TimeSpan?> stalled)
{
    /// <summary>Below this share of the time there is time to spare.</summary>
    private const double Calm = 0.25;

    private static readonly TimeSpan Window = TimeSpan.FromMilliseconds(600);

    internal static CpuPressure OfThisComputer(TimeProvider time) => new(time, Read);

    /// <summary>Waits until there is time to spare, at most for <paramref name="longest"/>. Does not wait where the kernel tells nothing.</summary>
    internal async Task CalmAsync(TimeSpan longest, CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();
        var before = stalled();
        while (before is not null && time.GetElapsedTime(began) < longest)
        {
            var from = time.GetTimestamp();
            await Task.Delay(Window, time, cancellationToken);
            var now = stalled();
            if (now is null || now.Value - before.Value < Calm * time.GetElapsedTime(from))
            {
                return;
            }

            before = now;
        }
    }

    /// <param name="text">As the kernel writes it: <c>some avg10=0.00 avg60=0.00 avg300=0.00 total=MICROSECONDS</c>, and a line <c>full</c>.</param>
    internal static TimeSpan? Parse(string text)
    {
        const string Total = "total=";
        var some = text.Split('\n').FirstOrDefault(line => line.StartsWith("some ", StringComparison.Ordinal));
        return some?.Split(' ').FirstOrDefault(field => field.StartsWith(Total, StringComparison.Ordinal)) is { } field
            && long.TryParse(field.AsSpan(Total.Length), CultureInfo.InvariantCulture, out var microseconds)
            ? TimeSpan.FromMicroseconds(microseconds)
            : null;
    }

    private static TimeSpan? Read()
    {
        try
        {
            return Parse(File.ReadAllText("/proc/pressure/cpu"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A kernel without it, or with it switched off.
            return null;
        }
    }
}
