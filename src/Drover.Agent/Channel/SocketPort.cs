using System.Net.Sockets;

namespace Drover.Agent.Channel;

/// <summary>The simulated guest's channel: a unix socket on which the executor listens.</summary>
internal sealed class SocketPort(string path, TimeProvider time) : IGuestPort
{
    private static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(100);

    public async Task<Stream> OpenAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch (SocketException)
            {
                socket.Dispose();
            }
            catch
            {
                socket.Dispose();
                throw;
            }

            await Task.Delay(Retry, time, cancellationToken);
        }
    }

    public void Dispose()
    {
    }
}
