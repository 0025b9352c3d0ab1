using System.Net;
using System.Net.Sockets;
using Drover.Agent.Docker;
using Drover.Agent.Health;
using Drover.Api.Agents;
using Drover.Api.Agents.Streams;

namespace Drover.Agent.Guest;

/// <summary>The real guest: sets up this machine and asks its Docker.</summary>
internal sealed class LinuxGuest(DockerClient docker, TimeProvider time) : IGuest
{
    /// <summary>What the set-up of a foreign image says that it does.</summary>
    private const string SetupFile = "/run/drover/setup";

    private static readonly TimeSpan PingInterval = TimeSpan.FromMilliseconds(150);
    private static readonly TimeSpan AskPause = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan DockersWordHolds = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan ReportInterval = TimeSpan.FromSeconds(10);

    private readonly HostSampler _sampler = new(time);
    private readonly TemplateGuest _template = new(new EngineIdentity(docker), time);
    private GuestIdentity? _identity;
    private volatile bool _isSpare;
    private long _dockerAnswered; // 0: it does not answer, or is not known to

    public async Task<IReadOnlyList<string>> TakeIdentityAsync(GuestIdentity identity, CancellationToken cancellationToken)
    {
        _identity = identity;
        _isSpare = false;

        // Entropy first: whatever makes keys or ids afterwards must not draw what a sibling of the same template draws.
        string?[] problems =
        [
            GuestSetup.TakeEntropy(identity.Entropy),
            GuestSetup.TakeClock(identity.ClockMilliseconds, time),
            GuestSetup.TakeHostname(identity.Hostname),
            GuestSetup.TakeMachineId(identity.MachineUuid),
            await NetworkSetup.ApplyAsync(identity, time, cancellationToken),
        ];
        return [.. problems.OfType<string>()];
    }

    public Task<GuestConnection> ConnectAsync(StreamTarget target, CancellationToken cancellationToken) => target.Kind switch
    {
        StreamTarget.Docker => ConnectDockerAsync(cancellationToken),
        StreamTarget.Shell => Task.FromResult(ShellStream.Open()),
        _ => throw new StreamResetException(StreamFault.Refused, $"Nothing in a host is called '{target.Kind}'."),
    };

    private static async Task<GuestConnection> ConnectDockerAsync(CancellationToken cancellationToken)
    {
        try
        {
            var docker = new DockerStream(await DockerClient.ConnectAsync(DockerClient.DefaultSocket, cancellationToken));
            return new GuestConnection(docker, docker.EndInputAsync);
        }
        catch (SocketException e)
        {
            throw new IOException($"Docker does not answer on this host: {e.Message}.", e);
        }
    }

    public async Task<IReadOnlyList<string>> TakeCardsAsync(IReadOnlyList<GuestCard> cards, CancellationToken cancellationToken) =>
        [.. (await Task.WhenAll(cards.Select(card => NetworkSetup.FurtherAsync(card, time, cancellationToken)))).OfType<string>()];

    public bool HasDockersWord => Volatile.Read(ref _dockerAnswered) is not 0 and var answered && time.GetElapsedTime(answered) < DockersWordHolds;

    public async Task<string> WaitForDockerAsync(Func<string, Task> waiting, CancellationToken cancellationToken)
    {
        var reported = time.GetTimestamp();
        while (!await docker.PingAsync(cancellationToken))
        {
            if (time.GetElapsedTime(reported) >= ReportInterval)
            {
                reported = time.GetTimestamp();
                var step = File.Exists(SetupFile) ? $": {(await File.ReadAllTextAsync(SetupFile, cancellationToken)).Trim()}" : "";
                await waiting($"waiting for Docker, {Uptime():0} s after the guest's start{step}");
            }

            await Task.Delay(PingInterval, time, cancellationToken);
        }

        return $"docker is up after {Uptime():0.0} s";
    }

    public async Task KeepAskingDockerAsync(CancellationToken cancellationToken)
    {
        _isSpare = true;
        Volatile.Write(ref _dockerAnswered, time.GetTimestamp());
        while (_isSpare)
        {
            // Not cancelled by the claim: nothing that is not needed for it happens then.
            await Task.Delay(AskPause, time, cancellationToken);
            if (_isSpare)
            {
                Volatile.Write(ref _dockerAnswered, await docker.PingAsync(cancellationToken) ? time.GetTimestamp() : 0);
            }
        }
    }

    public async Task<string?> PrepareAsync(Func<string, Task> waiting, CancellationToken cancellationToken)
    {
        await waiting(await WaitForDockerAsync(waiting, cancellationToken));
        return await _template.PrepareAsync(cancellationToken);
    }

    public Task<IReadOnlyList<string>> TakeSeedAsync(GuestSeed seed, CancellationToken cancellationToken) => Task.FromResult(_template.TakeSeed(seed));

    public Task<IReadOnlyDictionary<string, string>> InspectAsync(string? container, CancellationToken cancellationToken) =>
        new Inspection(docker, time).RunAsync(_template.FirstRandom, _identity, container, cancellationToken);

    public Task<string?> GrowDiskAsync(CancellationToken cancellationToken) => DiskGrowth.RunAsync(cancellationToken);

    public async Task<HostFacts> FactsAsync(GuestIdentity identity, CancellationToken cancellationToken)
    {
        var info = await docker.KnownInfoAsync(cancellationToken);
        return new HostFacts
        {
            Uuid = identity.MachineUuid,
            PhysicalHostUuid = identity.MachineUuid,
            Hostname = identity.Hostname,
            Cpus = Environment.ProcessorCount,
            MemoryBytes = ProcReader.Memory(await File.ReadAllTextAsync("/proc/meminfo", cancellationToken)).Total,
            DiskBytes = HostSampler.Disk(info?.DockerRootDir ?? "/").Total,
            Kernel = info?.KernelVersion ?? (await File.ReadAllTextAsync("/proc/sys/kernel/osrelease", cancellationToken)).Trim(),
            OperatingSystem = info?.OperatingSystem,
            DockerVersion = info?.ServerVersion,
            DockerStorageDriver = info?.Driver,
            AgentVersion = AgentVersion.Text,
            Address = identity.Address?.Split('/')[0] ?? OwnAddress(identity.RegistrationUrl),
            Labels = identity.Labels,
        };
    }

    public async Task<HostLoad> LoadAsync(CancellationToken cancellationToken) =>
        _sampler.Sample(await docker.CountAsync(cancellationToken), (await docker.KnownInfoAsync(cancellationToken))?.DockerRootDir);

    /// <summary>Seconds since the kernel's start, the first figure of <c>/proc/uptime</c>.</summary>
    private static double Uptime() => ProcReader.Load1(File.ReadAllText("/proc/uptime"));

    /// <summary>The address that a connection to the server leaves from. Connecting a datagram socket sends nothing.</summary>
    private static string? OwnAddress(string serverUrl)
    {
        try
        {
            var server = new Uri(serverUrl);
            using var socket = new Socket(SocketType.Dgram, ProtocolType.Udp);
            socket.Connect(server.DnsSafeHost, server.Port);
            return (socket.LocalEndPoint as IPEndPoint)?.Address is { } address ? (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).ToString() : null;
        }
        catch (Exception e) when (e is SocketException or UriFormatException)
        {
            return null;
        }
    }
}
