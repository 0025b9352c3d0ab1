using Microsoft.Extensions.Hosting;

namespace Drover.Server;

/// <summary>Tells sockets that live for hours that the server stops, so that it need not wait for them.</summary>
internal sealed class ServerStopping(IHostApplicationLifetime lifetime)
{
    public CancellationToken Token => lifetime.ApplicationStopping;
}
