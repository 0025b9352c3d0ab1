using System.Globalization;
using System.Text.RegularExpressions;

namespace Drover.Server.Containers.Orders;

/// <summary>A published port as people write it: <c>[address:][public:]private[/tcp|udp|sctp]</c>.</summary>
/// <param name="Address">Where it listens on the host; empty for everywhere.</param>
/// <param name="Public">Empty where Docker chooses.</param>
/// <param name="Private">With its protocol: <c>80/tcp</c>.</param>
internal sealed partial record PortMapping(string Address, string Public, string Private)
{
    /// <returns>Null when it is none.</returns>
    public static PortMapping? Parse(string text)
    {
        if (Grammar().Match(text) is not { Success: true } match || !IsPort(match.Groups["private"].Value) || (match.Groups["public"] is { Success: true } outside && !IsPort(outside.Value)))
        {
            return null;
        }

        var protocol = match.Groups["protocol"] is { Success: true } given ? given.Value : "tcp";
        return new PortMapping(match.Groups["address"].Value.Trim('[', ']'), match.Groups["public"].Value, $"{match.Groups["private"].Value}/{protocol}");
    }

    private static bool IsPort(string digits) => int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is > 0 and <= ushort.MaxValue;

    [GeneratedRegex(@"^(?:(?:(?<address>[0-9.]+|\[[0-9a-fA-F:]+\]):)?(?<public>[0-9]{1,5}):)?(?<private>[0-9]{1,5})(?:/(?<protocol>tcp|udp|sctp))?$", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Grammar();
}
