using System.Globalization;
using Drover.Executor.Machines;
using Drover.Executor.Processes;

namespace Drover.Executor.Networking;

/// <summary>What decides which networks this computer can have.</summary>
/// <param name="Administrator">This process may change the network (CAP_NET_ADMIN) and is root, as dnsmasq wants.</param>
/// <param name="TapProblem">Why no tap device can be made; null when it can.</param>
/// <param name="MissingPackages">Debian packages whose programs are not installed.</param>
internal sealed record NetworkFacts(bool Administrator, string? TapProblem, string MissingPackages)
{
    private const int NetworkAdministration = 12;

    internal static NetworkFacts OfThisComputer() => new(
        LibC.EffectiveUser() == 0 && (EffectiveCapabilities() >> NetworkAdministration & 1) == 1,
        TapDevice.WhyNot(),
        string.Join(" ", NetworkTool.All.Where(program => NetworkTool.Find(program) is null).Select(NetworkTool.PackageOf).Order(StringComparer.Ordinal)));

    /// <summary>Null when a nat can be had, else what stands against it and what to do.</summary>
    internal string? WhyNotNat() =>
        !Administrator ? "it needs root with the right to change the network (CAP_NET_ADMIN)"
        : TapProblem is not null ? TapProblem
        : MissingPackages.Length > 0 ? $"programs are missing: apt-get install {MissingPackages}"
        : null;

    private static ulong EffectiveCapabilities()
    {
        try
        {
            var line = File.ReadLines("/proc/self/status").FirstOrDefault(line => line.StartsWith("CapEff:", StringComparison.Ordinal));
            return line is null ? 0 : ulong.Parse(line[7..].Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return 0;
        }
    }
}

/// <summary>Chooses the network: a pure function of what was asked for and what the computer can.</summary>
internal static class NetworkSelector
{
    /// <param name="asked"><c>auto</c>, <c>user</c>, <c>nat</c> or <c>bridge:NAME</c>.</param>
    /// <param name="failure">Why the last nat could not be set up here although nothing stood against it; null when none failed.</param>
    /// <exception cref="MachineException">What was asked for cannot be had here, or is no network.</exception>
    internal static NetworkChoice Choose(string asked, NetworkFacts facts, string? failure)
    {
        const string User = "user: behind QEMU's address translation, reached by its own computer's machines only";
        var whyNotNat = facts.WhyNotNat() ?? failure;
        return asked switch
        {
            "user" => new NetworkChoice("user", $"{User}; it was asked for"),
            "nat" when facts.WhyNotNat() is { } why => throw new MachineException($"mesosConfig.network is nat, which this computer cannot have: {why}. Use user or auto, or change that."),
            "nat" => new NetworkChoice("nat", "nat: a bridge of Drover's own on this computer; it was asked for"),
            "auto" when whyNotNat is not null => new NetworkChoice("user", $"{User}; nat was not possible: {whyNotNat}"),
            "auto" => new NetworkChoice("nat", "nat: a bridge of Drover's own on this computer, which can have one; a bridge into your network is never chosen by itself"),
            _ when BridgeOf(asked) is not null => !facts.Administrator ? throw new MachineException($"mesosConfig.network is '{asked}', which needs root with the right to change the network (CAP_NET_ADMIN) on this computer. Use user or auto.")
                : facts.TapProblem is { } problem ? throw new MachineException($"mesosConfig.network is '{asked}', which this computer cannot have: {problem}. Use user or auto.")
                : new NetworkChoice(asked, $"{asked}: a port of that bridge of the computer; it was asked for"),
            _ => throw new MachineException($"mesosConfig.network is '{asked}'; it must be auto, user, nat or bridge:NAME."),
        };
    }

    /// <summary>The bridge that a network names, null when it is none.</summary>
    internal static string? BridgeOf(string network) => network.StartsWith("bridge:", StringComparison.Ordinal) && IsDevice(network[7..]) ? network[7..] : null;

    private static bool IsDevice(string name) => name is { Length: > 0 and <= 15 } and not ("." or "..") && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.');
}
