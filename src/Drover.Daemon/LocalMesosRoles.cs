using Drover.LocalMesos;

namespace Drover.Daemon;

/// <summary>The LocalMesos roles of this process: a master, an agent, or both. Starts before the scheduler and ends after it.</summary>
internal sealed class LocalMesosRoles : IAsyncDisposable
{
    /// <summary>Left to the machine itself, so that hosts cannot starve the control plane that runs beside them. MiB.</summary>
    private const long ReservedMemory = 1024;
    private const long ReservedDisk = 2048;

    private LocalMaster? _master;
    private LocalAgent? _agent;

    /// <summary>Completes when a part could not store its state and has stopped; never before.</summary>
    public Task<Exception> Failed { get; private set; } = new TaskCompletionSource<Exception>().Task;

    public static async Task<LocalMesosRoles> StartAsync(DaemonOptions options, Action<string>? reached, ILoggerFactory logging, CancellationToken cancellationToken)
    {
        var roles = new LocalMesosRoles();
        var failed = new List<Task<Exception>>();
        try
        {
            var credentials = MesosAccess.Ensure(options).Credentials;
            if (options.Has(Role.MesosMaster))
            {
                roles._master = await LocalMaster.StartAsync(
                    new LocalMasterOptions { DataDirectory = options.DataPath("mesos"), Credentials = credentials, Reached = reached }, TimeProvider.System, logging, cancellationToken);
                MesosAccess.AnnounceMaster(options, roles._master.Uri);
                failed.Add(roles._master.Failed);
            }

            if (options.Has(Role.MesosAgent))
            {
                roles._agent = await LocalAgent.StartAsync(AgentOptions(options, credentials, reached), TimeProvider.System, logging, cancellationToken);
                failed.Add(roles._agent.Failed);
            }
        }
        catch
        {
            await roles.DisposeAsync();
            throw;
        }

        if (failed.Count > 0)
        {
            roles.Failed = Task.WhenAny(failed).Unwrap();
        }

        return roles;
    }

    public async ValueTask DisposeAsync()
    {
        if (_agent is not null)
        {
            await _agent.DisposeAsync();
        }

        if (_master is not null)
        {
            await _master.DisposeAsync();
        }
    }

    private static LocalAgentOptions AgentOptions(DaemonOptions options, LocalCredentials credentials, Action<string>? reached) => new()
    {
        Master = MesosAccess.FindMaster(options) ?? throw new InvalidOperationException($"No LocalMesos master has run on {options.Data} yet: start one with --roles mesos-master."),
        DataDirectory = options.DataPath("mesos"),
        Credentials = credentials,
        MilliCpus = (long)(Environment.ProcessorCount * options.CpuOvercommit * 1000),
        MemoryMebibytes = Math.Max(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 1024 / 1024 - ReservedMemory, 0),
        DiskMebibytes = Math.Max(new DriveInfo(options.Data).AvailableFreeSpace / 1024 / 1024 - ReservedDisk, 0),
        Environment = new Dictionary<string, string>(StringComparer.Ordinal) { ["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" },
        DeleteSandboxesEndedAsAsked = true,
        Reached = reached,
    };
}
