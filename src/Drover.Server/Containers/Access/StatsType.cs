using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using Drover.Server.Api;

namespace Drover.Server.Containers.Access;

/// <summary><c>/v1/containerstats/</c>: what a container takes, each second, in the shapes that Rancher has from cAdvisor (cattle-api §4.4).</summary>
internal sealed class StatsType(StreamServices services) : StreamEndpoint(services)
{
    public const string Path = "containerstats";

    protected override async Task<IRelay> OpenAsync(StreamRight right, HostDocker docker, ContainerRow? container, string? protocol, CancellationToken cancellationToken) =>
        new Samples(await docker.GetStreamAsync($"containers/{container!.DockerId}/stats?stream=1", cancellationToken), Ids.Format("i", container.Id));

    private sealed class Samples(DockerAnswer stats, string id) : IRelay
    {
        public Task<string> RunAsync(WebSocket person, CancellationToken cancellationToken) => PersonSocket.WhileThereAsync(person, token => ShowAsync(person, token), cancellationToken);

        public void Dispose() => stats.Dispose();

        private async Task<string> ShowAsync(WebSocket person, CancellationToken cancellationToken)
        {
            using var reader = new StreamReader(stats.Bytes);
            while (await reader.ReadLineAsync(cancellationToken) is { } line)
            {
                if (ContainerSample.Of(JsonNode.Parse(line)!.AsObject(), id) is { } sample)
                {
                    await person.SendAsync(Encoding.UTF8.GetBytes(new JsonArray(sample).ToJsonString()), WebSocketMessageType.Text, endOfMessage: true, cancellationToken);
                }
            }

            return "The container does not run.";
        }
    }
}
