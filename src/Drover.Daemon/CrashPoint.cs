using System.Diagnostics;
using System.Globalization;

namespace Drover.Daemon;

/// <summary>Ends this process with SIGKILL at a durable step, so that tests can kill the real program between any two of them.</summary>
/// <remarks>Set <c>DROVER_TEST_CRASH_AT=NAME:before</c> or <c>NAME:after</c>, with <c>#N</c> behind it for the N-th time. Unset, it costs nothing.</remarks>
internal sealed class CrashPoint
{
    private readonly string _step;
    private int _left;

    private CrashPoint(string step, int times)
    {
        _step = step;
        _left = times;
    }

    /// <summary>The hook for the stores; null when the variable is not set.</summary>
    public static Action<string>? FromEnvironment()
    {
        if (Environment.GetEnvironmentVariable("DROVER_TEST_CRASH_AT") is not { Length: > 0 } text)
        {
            return null;
        }

        var parts = text.Split('#', 2);
        return new CrashPoint(parts[0], parts.Length == 2 ? int.Parse(parts[1], CultureInfo.InvariantCulture) : 1).Reached;
    }

    private void Reached(string step)
    {
        if (step == _step && Interlocked.Decrement(ref _left) == 0)
        {
            using var self = Process.GetCurrentProcess();
            self.Kill();
        }
    }
}
