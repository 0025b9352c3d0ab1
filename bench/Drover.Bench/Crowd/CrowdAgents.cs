using System.Net.Sockets;
using Drover.Agent;
using Drover.Agent.Guest;
using Drover.Agent.Session;
using Drover.Api.Agents;

namespace Drover.Bench.Crowd;

/// <summary>The real agent's link, many times in this process, each with a Docker of the crowd behind it.</summary>
internal sealed class CrowdAgents(CrowdDocker docker) : IAsyncDisposable
{
    private readonly SocketsHttpHandler _handler = new() { UseCookies = false };
    private readonly CancellationTokenSource _over = new();
    private readonly List<Task> _serving = [];

    /// <summary>Registers a host and keeps its link; returns once the server has welcomed it.</summary>
    public async Task AddAsync(int number, string machineUuid, string name, Uri registration, CancellationToken cancellationToken)
    {
        var guest = new SimulatedGuest(TimeProvider.System, Random.Shared, token => ConnectAsync(number, token));
        var link = new AgentLink(_handler, guest, TimeProvider.System);
        var identity = new GuestIdentity { MachineUuid = machineUuid, Hostname = name, RegistrationUrl = registration.AbsoluteUri };
        var state = AgentState.NewKey(machineUuid) with { Url = new Uri(registration, "/v1").AbsoluteUri };
        var opened = await link.OpenAsync(new LinkRegistration(state, Uri.UnescapeDataString(registration.Segments[^1]), Task.CompletedTask), identity, cancellationToken);
        if (opened is not LinkOutcome.Up up)
        {
            throw new InvalidOperationException($"The link of {name} did not come up: {opened}");
        }

        lock (_serving)
        {
            _serving.Add(link.ServeAsync(up, identity, _over.Token));
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        await Task.WhenAll(_serving).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _over.Dispose();
        _handler.Dispose();
    }

    private async Task<GuestConnection> ConnectAsync(int number, CancellationToken cancellationToken)
    {
        var socket = await docker.ConnectAsync(number, cancellationToken);
        return new GuestConnection(new NetworkStream(socket, ownsSocket: true), () =>
        {
            socket.Shutdown(SocketShutdown.Send);
            return ValueTask.CompletedTask;
        });
    }
}
