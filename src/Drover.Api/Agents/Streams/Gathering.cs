namespace Drover.Api.Agents.Streams;

/// <summary>When whoever reads small pieces one right after the other does better to let some more come together first.</summary>
/// <remarks>Docker writes a log line by line. Each read wakes the reader before the writer has written the next line, and each piece then costs a message of the link: under emulation a tenth of what
/// the writer could say gets through. An answer or a key that is typed is a few pieces at most, and never waits.</remarks>
internal sealed class Gathering(TimeProvider time)
{
    /// <summary>So long is waited for more; what is longer would be felt.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(4);

    /// <summary>Pieces of a burst that pass at once.</summary>
    public const int Free = 8;

    /// <summary>A piece that needs no company, in bytes.</summary>
    private const int Large = 4 * 1024;

    /// <summary>Pieces further apart are no burst.</summary>
    private static readonly TimeSpan s_close = TimeSpan.FromMilliseconds(10);

    private long _last = time.GetTimestamp();
    private int _burst;

    /// <summary>Takes note of a piece that was read.</summary>
    /// <returns>Whether to wait for <see cref="Pause"/> before reading the next.</returns>
    public bool Read(int bytes)
    {
        var now = time.GetTimestamp();
        var close = time.GetElapsedTime(_last, now) < s_close;
        _last = now;
        _burst = close ? _burst + 1 : 0;
        return _burst > Free && bytes < Large;
    }
}
