using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Drover.LocalMesos;

/// <summary>Who may use a local master and its agents: HTTP Basic on the scheduler, operator and link endpoints.</summary>
/// <remarks>Whoever may launch tasks runs programs as the user of the agent. Loopback is open to every user of the machine, so set them outside tests.</remarks>
public sealed record LocalCredentials(string Principal, string Secret)
{
    internal bool Allow(HttpRequest request)
    {
        var expected = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{Principal}:{Secret}"));
        return Matches($"Basic {expected}", request.Headers.Authorization);
    }

    internal MesosAuthorization Authorization => MesosAuthorizations.Basic(Principal, Secret);

    internal static bool Matches(string expected, string? given) =>
        given is not null && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(expected), Encoding.UTF8.GetBytes(given));
}
