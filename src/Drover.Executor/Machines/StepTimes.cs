using System.Globalization;
using System.Text;

namespace Drover.Executor.Machines;

/// <summary>How long the steps of one act took, for the log.</summary>
internal sealed class StepTimes(TimeProvider time)
{
    private readonly StringBuilder text = new();
    private long last = time.GetTimestamp();

    internal void Passed(string step)
    {
        var now = time.GetTimestamp();
        text.Append(CultureInfo.InvariantCulture, $"{(text.Length > 0 ? ", " : "")}{step} {time.GetElapsedTime(last, now).TotalMilliseconds:0} ms");
        last = now;
    }

    public override string ToString() => text.ToString();
}
