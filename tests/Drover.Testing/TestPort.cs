using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Drover.Testing;

/// <summary>A port of 127.0.0.1 for what listens later, or listens again after it has stopped.</summary>
/// <remarks>A port that the kernel gives (port 0) is safe only while it is bound: a moment later any outgoing connection may have it. These lie below
/// the range that the kernel gives from, and a locked file keeps each for this process, also against tests of another.</remarks>
internal static class TestPort
{
    private const int First = 10000, Last = 17999;

    private static readonly Lock Gate = new();
    private static readonly Dictionary<int, FileStream> Kept = [];

    public static int Take()
    {
        var folder = Directory.CreateDirectory(Path.Combine(Path.GetTempPath(), "drover-test-ports")).FullName;
        while (true)
        {
            var port = Random.Shared.Next(First, Last + 1);
            if (TryKeep(folder, port) && IsFree(port))
            {
                return port;
            }
        }
    }

    private static bool TryKeep(string folder, int port)
    {
        lock (Gate)
        {
            if (Kept.ContainsKey(port))
            {
                return false;
            }

            try
            {
                Kept[port] = new FileStream(Path.Combine(folder, port.ToString(CultureInfo.InvariantCulture)), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
                return true;
            }
            catch (IOException)
            {
                return false;
            }
        }
    }

    private static bool IsFree(int port)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
