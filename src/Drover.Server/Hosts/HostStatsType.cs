using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using Drover.Api.Agents;
using Drover.Server.Api;
using Drover.Server.Containers;
using Drover.Server.Containers.Access;

namespace Drover.Server.Hosts;

/// <summary><c>/v1/hoststats/</c>: what a host does, each time that its agent tells (cattle-api §4.4).</summary>
internal sealed class HostStatsType(StreamServices services, HostLoads loads) : StreamEndpoint(services)
{
    public const string Path = "hoststats";
    private static readonly TimeSpan s_look = TimeSpan.FromSeconds(1);
    private readonly TimeProvider _time = services.Time;

    protected override Task<IRelay> OpenAsync(StreamRight right, HostDocker docker, ContainerRow? container, string? protocol, CancellationToken cancellationToken) =>
        Task.FromResult<IRelay>(new Samples(loads, right.HostId, _time));

    private sealed class Samples(HostLoads loads, long hostId, TimeProvider time) : IRelay
    {
        public Task<string> RunAsync(WebSocket person, CancellationToken cancellationToken) => PersonSocket.WhileThereAsync(person, token => ShowAsync(person, token), cancellationToken);

        public void Dispose()
        {
        }

        private async Task<string> ShowAsync(WebSocket person, CancellationToken cancellationToken)
        {
            var shown = (HostLoad?)null;
            using var timer = new PeriodicTimer(s_look, time);
            do
            {
                if (loads.Latest(hostId) is { } sample && sample != shown)
                {
                    shown = sample;
                    await person.SendAsync(Encoding.UTF8.GetBytes(new JsonArray(Sample(sample, Ids.Format("h", hostId))).ToJsonString()), WebSocketMessageType.Text, endOfMessage: true, cancellationToken);
                }
            }
            while (await timer.WaitForNextTickAsync(cancellationToken));
            return "";
        }

        private static JsonObject Sample(HostLoad load, string id) => new()
        {
            ["id"] = id,
            ["resourceType"] = "host",
            ["timestamp"] = load.At,
            ["memLimit"] = load.MemoryTotalBytes,
            ["memory"] = new JsonObject { ["usage"] = load.MemoryUsedBytes },
            ["cpuPercent"] = load.CpuPercent,
            ["load1"] = load.Load1,
            ["networkReceive"] = load.NetworkReceive,
            ["networkSend"] = load.NetworkSend,
            ["diskUsedBytes"] = load.DiskUsedBytes,
            ["diskTotalBytes"] = load.DiskTotalBytes,
        };
    }
}
