using System.Globalization;
using System.Security.Cryptography;

namespace Drover.Server.Processes;

/// <summary>Names of reply channels: <c>reply.</c> and a random number that cannot be guessed.</summary>
internal static class ReplyNames
{
    public const string Prefix = "reply.";

    public static string New() =>
        Prefix + (BitConverter.ToInt64(RandomNumberGenerator.GetBytes(8)) & long.MaxValue).ToString(CultureInfo.InvariantCulture);
}
