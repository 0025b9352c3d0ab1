using Drover.Api.Agents.Streams;

namespace Drover.Server.Containers.Access;

/// <summary>A request of Docker's that has become a connection, such as an exec.</summary>
/// <param name="bytes">Both ways.</param>
/// <param name="link">What it runs over: the only place where one direction can be ended.</param>
internal sealed class DockerConnection(HttpClient http, Stream bytes, LinkStream link) : IExecConnection
{
    public Stream Bytes => bytes;

    public Task EndInputAsync(CancellationToken cancellationToken) => link.EndAsync(cancellationToken).AsTask();

    public void Dispose()
    {
        bytes.Dispose();
        http.Dispose();
    }
}
