using System.Globalization;

namespace Drover.Executor.Usage;

/// <summary>What went through a tap since it was made, as its computer sees it.</summary>
/// <param name="ReceivedBytes">From the guest.</param>
/// <param name="SentBytes">To the guest.</param>
internal sealed record TapCounters(long ReceivedBytes, long SentBytes)
{
    /// <summary>Null when there is no such device. From <c>/proc/net/dev</c>, which is of this process's own network namespace, as sysfs need not be.</summary>
    internal static TapCounters? Of(string name) => Read(File.ReadLines("/proc/net/dev"), name);

    internal static TapCounters? Read(IEnumerable<string> table, string name)
    {
        foreach (var line in table)
        {
            if (line.Split(':', 2) is [var device, var rest] && device.Trim() == name)
            {
                var numbers = rest.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                return new TapCounters(long.Parse(numbers[0], CultureInfo.InvariantCulture), long.Parse(numbers[8], CultureInfo.InvariantCulture));
            }
        }

        return null;
    }
}
