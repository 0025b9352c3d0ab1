using System.Net;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using Docker.DotNet;
using Drover.Server.Containers.Orders;
using Drover.Server.Registries;

namespace Drover.Server.Containers.Access;

/// <summary><c>/v1/pull/</c>: pulls an image to a host, with the environment's login at its registry, and tells how far it is; who goes away ends it.</summary>
/// <remarks>Messages are JSON: <c>message</c>, <c>percent</c>, <c>pull</c> as a container that is being made shows them; the last has <c>done</c>.</remarks>
internal sealed class PullType(StreamServices services, RegistryLogins logins) : StreamEndpoint(services)
{
    public const string Path = "pull";

    protected override Task<IRelay> OpenAsync(StreamRight right, HostDocker docker, ContainerRow? container, string? protocol, CancellationToken cancellationToken) =>
        Task.FromResult<IRelay>(new Pulling(new ImagePull(docker, logins), (long?)right.Arguments["account"], ContainerFields.ImageOf(right.Arguments)));

    private sealed class Pulling(ImagePull pull, long? account, ImageReference image) : IRelay
    {
        private readonly SemaphoreSlim _news = new(0, 1);
        private string? _latest;

        public Task<string> RunAsync(WebSocket person, CancellationToken cancellationToken) => PersonSocket.WhileThereAsync(person, token => ShowAsync(person, token), cancellationToken);

        public void Dispose() => _news.Dispose();

        private async Task<string> ShowAsync(WebSocket person, CancellationToken cancellationToken)
        {
            var pulling = pull.RunAsync(account, image, Heard, cancellationToken);
            try
            {
                while (!pulling.IsCompleted)
                {
                    await Task.WhenAny(_news.WaitAsync(cancellationToken), pulling);
                    if (Interlocked.Exchange(ref _latest, null) is { } progress)
                    {
                        await SendAsync(person, progress, cancellationToken);
                    }
                }
            }
            finally
            {
                // It is cancelled by then, or over; nothing of it may be heard after this.
                await ((Task)pulling).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            if (await pulling is { } failure)
            {
                throw new DockerApiException(HttpStatusCode.NotFound, new JsonObject { ["message"] = failure }.ToJsonString());
            }

            await SendAsync(person, new JsonObject { ["message"] = $"{image} is there", ["percent"] = 100, ["done"] = true }.ToJsonString(), cancellationToken);
            return $"{image} is there.";
        }

        /// <summary>The progress goes on changing where it is heard: what is told of it is made here.</summary>
        private void Heard(PullProgress progress)
        {
            Volatile.Write(ref _latest, new JsonObject { ["message"] = progress.Sentence, ["percent"] = progress.Percent, ["pull"] = progress.ToJson() }.ToJsonString());
            if (_news.CurrentCount == 0)
            {
                _news.Release();
            }
        }

        private static ValueTask SendAsync(WebSocket person, string message, CancellationToken cancellationToken) =>
            person.SendAsync(Encoding.UTF8.GetBytes(message).AsMemory(), WebSocketMessageType.Text, endOfMessage: true, cancellationToken);
    }
}
