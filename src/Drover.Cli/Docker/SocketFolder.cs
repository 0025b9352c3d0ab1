using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Drover.Cli.Docker;

/// <summary>Where sockets of this user lie: short names, since a socket's path has 107 characters at most (unix(7)).</summary>
internal static class SocketFolder
{
    /// <summary>A folder for one command, which removes it.</summary>
    public static string Fresh(CliContext context) =>
        Directory.CreateDirectory(Path.Combine(Base(context), Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(6))), Private).FullName;

    /// <summary>The folder of one host of one server.</summary>
    public static string Of(CliContext context, Uri server, string hostId)
    {
        var name = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{server.GetLeftPart(UriPartial.Authority)} {hostId}")))[..12];
        return Directory.CreateDirectory(Path.Combine(Base(context), name), Private).FullName;
    }

    private static UnixFileMode Private => UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private static string Base(CliContext context)
    {
        var folder = context.Variable("XDG_RUNTIME_DIR") is { } runtime && Directory.Exists(runtime) ? Path.Combine(runtime, "drover")
            : Environment.IsPrivilegedProcess ? "/run/drover-sockets"
            : Path.Combine(Path.GetTempPath(), string.Create(CultureInfo.InvariantCulture, $"drover-{Environment.UserName}"));
        Directory.CreateDirectory(folder, Private);

        // /tmp is everybody's: a folder that somebody else made could be looked into.
        if (File.GetUnixFileMode(folder) != Private || !CanWrite(folder))
        {
            throw new CliFailure(ExitCode.Failed, $"The folder '{folder}' for sockets is not private to you.", "Remove it, or set XDG_RUNTIME_DIR to a folder of your own.");
        }

        return folder;
    }

    /// <summary>Mode 700 and yet open to us, who are not root where others may make folders: it is ours.</summary>
    private static bool CanWrite(string folder)
    {
        try
        {
            var probe = Path.Combine(folder, $".{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(6))}");
            File.WriteAllBytes(probe, []);
            File.Delete(probe);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
