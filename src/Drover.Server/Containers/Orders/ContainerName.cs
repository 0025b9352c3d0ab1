using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Drover.Server.Api.Requests;

namespace Drover.Server.Containers.Orders;

/// <summary>A container's name, as Docker allows it.</summary>
internal static partial class ContainerName
{
    /// <exception cref="ApiError">422, with what would be right.</exception>
    public static string Check(string name) => Grammar().IsMatch(name)
        ? name
        : throw ApiError.Invalid("InvalidCharacters", "name", "A container's name begins with a letter or digit and has letters, digits, '.', '_' and '-' after it, 2 to 128 in all.");

    /// <summary>For one that was not named: its image's last word, and four digits.</summary>
    public static string For(ImageReference image)
    {
        var word = image.Repository[(image.Repository.LastIndexOf('/') + 1)..];
        return $"{(word.Length > 100 ? word[..100] : word)}-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(2))}";
    }

    [GeneratedRegex("^[a-zA-Z0-9][a-zA-Z0-9_.-]{1,127}$", RegexOptions.NonBacktracking)]
    private static partial Regex Grammar();
}
