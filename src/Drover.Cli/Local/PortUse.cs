using System.Globalization;
using System.Net.Sockets;

namespace Drover.Cli.Local;

/// <summary>Who listens on a port of this machine.</summary>
internal static class PortUse
{
    /// <summary>Null when the address is free; else why it cannot be had.</summary>
    public static SocketError? Probe(ListenAddress address)
    {
        try
        {
            using var listener = new TcpListener(address.EndPoint);
            listener.Start();
            return null;
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode;
        }
    }

    /// <summary>The process that listens on the port; null when it is another user's, whose descriptors may not be read.</summary>
    public static RunningProcess? Owner(int port, ProcessTable processes, string procFolder)
    {
        var sockets = new[] { "net/tcp", "net/tcp6" }
            .Select(f => Path.Combine(procFolder, f))
            .Where(File.Exists)
            .SelectMany(File.ReadLines)
            .Select(line => ListeningInode(line, port))
            .OfType<string>()
            .Select(inode => $"socket:[{inode}]")
            .ToHashSet(StringComparer.Ordinal);
        return sockets.Count == 0 ? null : processes.All().FirstOrDefault(p => Holds(Path.Combine(procFolder, $"{p.Pid}", "fd"), sockets));
    }

    /// <summary>The socket's inode if this line of <c>/proc/net/tcp</c> is a listener (state 0A) on the port; proc_net_tcp: local address is field 2, inode field 10.</summary>
    internal static string? ListeningInode(string line, int port)
    {
        var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return fields.Length > 9 && fields[3] == "0A" && fields[1].EndsWith($":{port.ToString("X4", CultureInfo.InvariantCulture)}", StringComparison.Ordinal) ? fields[9] : null;
    }

    private static bool Holds(string descriptors, HashSet<string> sockets)
    {
        try
        {
            return Directory.EnumerateFileSystemEntries(descriptors).Any(fd => new FileInfo(fd).LinkTarget is { } target && sockets.Contains(target));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
