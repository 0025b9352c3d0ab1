using Drover.Api.Agents;
using Drover.Api.Agents.Streams;

namespace Drover.Agent.Guest;

/// <summary>Stands in for a guest: its Docker is up at once and its figures are plausible and move. Nothing of the machine is read or set,
/// so that thousands can run on one.</summary>
/// <param name="docker">Connects to a Docker that stands in for the guest's; without it there is none.</param>
internal sealed class SimulatedGuest(TimeProvider time, Random random, Func<CancellationToken, Task<GuestConnection>>? docker = null) : IGuest
{
    private const long Gibibyte = 1L << 30;

    private readonly long _started = time.GetTimestamp();
    private double _cpu = 5;

    public Task<IReadOnlyList<string>> TakeIdentityAsync(GuestIdentity identity, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<string>>([]);

    public Task<IReadOnlyList<string>> TakeCardsAsync(IReadOnlyList<GuestCard> cards, CancellationToken cancellationToken) => Task.FromResult<IReadOnlyList<string>>([]);

    public Task<string> WaitForDockerAsync(Func<string, Task> waiting, CancellationToken cancellationToken) =>
        Task.FromResult("docker is simulated");

    public Task<GuestConnection> ConnectAsync(StreamTarget target, CancellationToken cancellationToken) => docker is not null && target.Kind == StreamTarget.Docker
        ? docker(cancellationToken)
        : throw new StreamResetException(StreamFault.Refused, "This host is simulated: there is no Docker in it.");

    public bool HasDockersWord => false;

    public Task KeepAskingDockerAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task<string?> GrowDiskAsync(CancellationToken cancellationToken) => Task.FromResult<string?>(null);

    public Task<string?> PrepareAsync(Func<string, Task> waiting, CancellationToken cancellationToken) => Task.FromResult<string?>(null);

    public Task<IReadOnlyList<string>> TakeSeedAsync(GuestSeed seed, CancellationToken cancellationToken) => Task.FromResult<IReadOnlyList<string>>([]);

    public Task<IReadOnlyDictionary<string, string>> InspectAsync(string? container, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyDictionary<string, string>>(new Dictionary<string, string>(StringComparer.Ordinal) { ["simulated"] = "true", ["containerStatus"] = container is null ? "" : "0" });

    public Task<HostFacts> FactsAsync(GuestIdentity identity, CancellationToken cancellationToken) => Task.FromResult(new HostFacts
    {
        Uuid = identity.MachineUuid,
        PhysicalHostUuid = identity.MachineUuid,
        Hostname = identity.Hostname,
        Cpus = 1,
        MemoryBytes = Gibibyte,
        DiskBytes = 10 * Gibibyte,
        Kernel = "simulated",
        OperatingSystem = "Simulated guest",
        DockerVersion = "simulated",
        DockerStorageDriver = "simulated",
        AgentVersion = AgentVersion.Text,
        Address = identity.Address?.Split('/')[0],
        Labels = identity.Labels,
    });

    public Task<HostLoad> LoadAsync(CancellationToken cancellationToken)
    {
        _cpu = Math.Clamp(_cpu + ((random.NextDouble() - 0.5) * 4), 0.5, 40);
        return Task.FromResult(new HostLoad
        {
            At = time.GetUtcNow(),
            CpuPercent = Math.Round(_cpu, 1),
            MemoryTotalBytes = Gibibyte,
            MemoryUsedBytes = (Gibibyte / 8) + (long)(_cpu * (Gibibyte >> 8)),
            DiskTotalBytes = 10 * Gibibyte,
            DiskUsedBytes = (Gibibyte / 4) + ((long)time.GetElapsedTime(_started).TotalSeconds * 1024),
            Load1 = Math.Round(_cpu / 100, 2),
            NetworkReceive = Math.Round(_cpu * 100),
            NetworkSend = Math.Round(_cpu * 60),
            AgentMemoryBytes = Environment.WorkingSet,
        });
    }
}
