using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Drover.Api.Agents;

namespace Drover.Agent.Guest;

/// <summary>Gives the guest's cards their addresses, and the guest its gateway and name servers.</summary>
/// <remarks>The image brings <see cref="Script"/> for it. In a guest without it (another distribution's image) the network is that image's own affair.</remarks>
internal static partial class NetworkSetup
{
    public const string Script = "/usr/lib/drover/network";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan CardPatience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan CardPause = TimeSpan.FromMilliseconds(200);

    /// <returns>Null, or a sentence about what went wrong.</returns>
    public static async Task<string?> ApplyAsync(GuestIdentity identity, TimeProvider time, CancellationToken cancellationToken)
    {
        if (identity.Unconnected || !File.Exists(Script))
        {
            return null;
        }

        if (Problem(identity) is { } wrong)
        {
            return wrong;
        }

        try
        {
            if (identity.NameServers.Count > 0)
            {
                GuestSetup.WriteIfOther("/etc/resolv.conf", string.Concat(identity.NameServers.Select(s => $"nameserver {s}\n")));
            }

            foreach (var card in identity.Cards)
            {
                // Nobody waits for it: it may be plugged a moment from now, and the way to the server is the first card's.
                _ = TellAsync(FurtherAsync(card, time, cancellationToken));
            }

            return CardSetup.TryApply(identity) ? null : await RunAsync(identity.Address, identity.Gateway, identity.Mac, cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or System.ComponentModel.Win32Exception)
        {
            return $"could not set up the network: {e.Message}";
        }
    }

    /// <summary>Everything goes onto a command line or into a file, so it must be what it claims to be.</summary>
    internal static string? Problem(GuestIdentity identity)
    {
        foreach (var card in identity.Cards.Prepend(new GuestCard { Mac = identity.Mac ?? "00:00:00:00:00:00", Address = identity.Address }))
        {
            if (card.Address is { } address && !(address.Contains('/', StringComparison.Ordinal) && IPNetworkLike(address)))
            {
                return $"'{address}' is no address with prefix";
            }

            if (!Mac().IsMatch(card.Mac))
            {
                return $"'{card.Mac}' is no hardware address";
            }
        }

        if (identity.Gateway is { } gateway && !IPAddress.TryParse(gateway, out _))
        {
            return $"'{gateway}' is no gateway address";
        }

        return identity.NameServers.FirstOrDefault(s => !IPAddress.TryParse(s, out _)) is { } server ? $"'{server}' is no name server address" : null;
    }

    private static bool IPNetworkLike(string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        return IPAddress.TryParse(text[..slash], out var address)
            && byte.TryParse(text[(slash + 1)..], out var prefix)
            && prefix <= (address.AddressFamily == AddressFamily.InterNetwork ? 32 : 128);
    }

    /// <summary>A card beside the first, which the kernel may take a moment to find.</summary>
    /// <returns>Null, or a sentence about what went wrong.</returns>
    public static async Task<string?> FurtherAsync(GuestCard card, TimeProvider time, CancellationToken cancellationToken)
    {
        try
        {
            if (!File.Exists(Script))
            {
                return null;
            }

            if (!Mac().IsMatch(card.Mac) || (card.Address is { } address && !IPNetworkLike(address)))
            {
                return $"the card '{card.Mac}' has no address that could be set up";
            }

            for (var began = time.GetTimestamp(); !CardSetup.Has(card.Mac) && time.GetElapsedTime(began) < CardPatience;)
            {
                await Task.Delay(CardPause, time, cancellationToken);
            }

            return CardSetup.TryApply(card) || await RunAsync(card.Address, null, card.Mac, cancellationToken) is not { } problem ? null : $"card {card.Mac}: {problem}";
        }
        catch (Exception e) when (e is System.ComponentModel.Win32Exception or OperationCanceledException or IOException)
        {
            return $"card {card.Mac}: {e.Message}";
        }
    }

    private static async Task TellAsync(Task<string?> work)
    {
        if (await work is { } problem)
        {
            await Console.Error.WriteLineAsync($"drover-agent: {problem}");
        }
    }

    [GeneratedRegex("^([0-9a-f]{2}:){5}[0-9a-f]{2}$", RegexOptions.ExplicitCapture, 100)]
    private static partial Regex Mac();

    private static async Task<string?> RunAsync(string? address, string? gateway, string? mac, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(Script, [address ?? "dhcp", gateway ?? "-", mac ?? "-"]) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        using var process = Process.Start(start)!;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Patience);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(limit.Token);
            var errors = process.StandardError.ReadToEndAsync(limit.Token);
            await process.WaitForExitAsync(limit.Token);
            return process.ExitCode == 0 ? null : $"could not set up the network: {(await output + await errors).Trim()}";
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            process.Kill();
            return $"the network set-up did not end within {Patience.TotalSeconds:0} s";
        }
    }
}
