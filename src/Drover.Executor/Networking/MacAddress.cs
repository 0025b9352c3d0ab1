using System.Security.Cryptography;
using System.Text;

namespace Drover.Executor.Networking;

/// <summary>The guest's card addresses, always the same for a machine.</summary>
internal static class MacAddress
{
    /// <summary>QEMU's locally administered prefix 52:54:00 and three bytes of a hash over the external id.</summary>
    /// <param name="card">0 for the first card. Cards on different segments cannot meet, but a guest tells them apart by this.</param>
    internal static string Of(string externalId, int card = 0)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(externalId));
        var at = card * 3;
        return $"52:54:00:{hash[at]:x2}:{hash[at + 1]:x2}:{hash[at + 2]:x2}";
    }
}
