using System.Globalization;
using System.Net.Sockets;
using Drover.Executor.Consoles;
using Drover.Executor.Processes;

namespace Drover.Executor.Qemu;

/// <summary>Gives QEMU's VNC server one more viewer, over a connection that only this process and QEMU have.</summary>
/// <remarks>QEMU listens nowhere (<c>-vnc none</c>): no port, and no socket file that another process of its user could open. It may not make files in its
/// sandbox either. Each connection is one end of a socket pair, handed over its monitor.</remarks>
internal static class QemuScreen
{
    private static long last;

    internal static async Task<IConsole> OpenAsync(QmpClient monitor, CancellationToken cancellationToken)
    {
        var (ours, theirs) = ChildProcess.SocketPair();
        var stream = new NetworkStream(ours, ownsSocket: true);
        var name = string.Create(CultureInfo.InvariantCulture, $"viewer{Interlocked.Increment(ref last)}");
        try
        {
            await monitor.ExecuteAsync("getfd", a => a.WriteString("fdname", name), theirs, cancellationToken);
            await monitor.ExecuteAsync("add_client", a => { a.WriteString("protocol", "vnc"); a.WriteString("fdname", name); a.WriteBoolean("skipauth", true); }, cancellationToken);
            return new StreamConsole(stream);
        }
        catch
        {
            await stream.DisposeAsync();
            throw;
        }
        finally
        {
            _ = LibC.Close(theirs);
        }
    }
}
