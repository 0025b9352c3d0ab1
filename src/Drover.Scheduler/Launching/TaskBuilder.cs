using System.Text.Json;
using Drover.Api;
using Drover.Api.Machines;
using Drover.Mesos.V1;
using Drover.Scheduler.Artifacts;
using Drover.Scheduler.Placement;
using Drover.Scheduler.Pool;
using Drover.Scheduler.Requests;
using Google.Protobuf;

namespace Drover.Scheduler.Launching;

/// <summary>Makes the Mesos task of a machine: one custom executor per task, of the same id.</summary>
internal sealed class TaskBuilder(SchedulerOptions options)
{
    /// <summary>The executor's own share.</summary>
    public static readonly Amounts ExecutorAmounts = Amounts.Of(0.01, 32, 0);

    /// <summary>A task that only removes files.</summary>
    private static readonly Amounts s_discard = Amounts.Of(0.01, 1, 0);

    /// <summary>What the task takes, without its executor.</summary>
    public static Amounts TaskAmounts(MachineSpec spec)
    {
        var memory = new ByteSize(spec.MemoryBytes).Mebibytes;
        return new(spec.MilliCpus, (memory + QemuMemory.Overhead(memory)) * Amounts.Unit, new ByteSize(spec.DiskBytes + spec.Disks.Sum(d => d.Bytes)).Mebibytes * Amounts.Unit);
    }

    public static PlacementNeed Need(MachineRequest request) =>
        new(request.MachineId, request.EnvironmentId, AmountsOf(request) + ExecutorAmounts, request.Kept is { } kept ? [kept.Pin()] : request.Spec!.ParsedConstraints());

    private static Amounts AmountsOf(MachineRequest request) => request.Discard ? s_discard : TaskAmounts(request.Spec!);

    /// <summary>The task, taking its resources out of the place. Null when the place does not have them.</summary>
    public TaskInfo? Build(MachineRequest request, Preparation preparation, OfferedPlace place) => Build(
        request.TaskId!,
        request.Name.Length > 0 ? request.Name : request.MachineId,
        Machine(request, preparation),
        preparation.Programs,
        options.ShutdownGrace,
        [("io.drover.machine", request.MachineId), ("io.drover.environment", request.EnvironmentId)],
        AmountsOf(request),
        place);

    /// <summary>The same for a member of the pool.</summary>
    public TaskInfo? Build(PoolMember member, PoolSupply supply, OfferedPlace place) => Build(
        member.TaskId,
        $"{member.Kind.ToString().ToLowerInvariant()} ({member.Class})",
        Machine(member, supply),
        supply.Programs,
        TimeSpan.Zero,
        [("io.drover.pool", member.Kind.ToString().ToLowerInvariant())],
        TaskAmounts(member.Class.ToSpec()),
        place);

    private TaskInfo? Build(
        string taskId, string name, MachineTask machine, IReadOnlyList<Artifact> programs, TimeSpan grace, (string Key, string Value)[] labels, Amounts amounts, OfferedPlace place)
    {
        if (place.Take(amounts) is not { } taskResources || place.Take(ExecutorAmounts) is not { } executorResources)
        {
            return null;
        }

        var executor = new ExecutorInfo
        {
            Type = ExecutorInfo.Types.Type.Custom,
            ExecutorId = new ExecutorID { Value = taskId },
            Name = $"Drover machine {name}",
            Command = Command(programs),
            // The agent ends an executor by force after this; the guest's own grace and QEMU's end must fit in. A spare may become a machine with such a grace.
            ShutdownGracePeriod = new DurationInfo { Nanoseconds = (long)(options.ShutdownGrace + TimeSpan.FromSeconds(15)).TotalNanoseconds },
            Resources = { executorResources },
        };
        return new TaskInfo
        {
            Name = name,
            TaskId = new TaskID { Value = taskId },
            AgentId = new AgentID { Value = place.Place.AgentId },
            Executor = executor,
            KillPolicy = new KillPolicy { GracePeriod = new DurationInfo { Nanoseconds = (long)grace.TotalNanoseconds } },
            Resources = { taskResources },
            Labels = new Labels { Labels_ = { labels.Select(l => new Label { Key = l.Key, Value = l.Value }) } },
            Data = ByteString.CopyFrom(JsonSerializer.SerializeToUtf8Bytes(machine, MachineJson.Default.MachineTask)),
        };
    }

    /// <summary>The machine as the executor is told.</summary>
    public MachineTask Machine(MachineRequest request, Preparation preparation) => request.Discard ? Discard(request, preparation) : new()
    {
        MachineId = request.MachineId,
        ExternalId = request.ExternalId,
        Name = request.Name,
        Hostname = Hostname(request.Name, request.MachineId),
        Cpus = request.Spec!.MilliCpus / (double)Amounts.Unit,
        MemoryBytes = request.Spec.MemoryBytes,
        DiskBytes = request.Spec.DiskBytes,
        Kept = request.Kept is not null,
        Ports = request.Spec.Ports,
        EnvironmentId = request.EnvironmentId,
        Network = request.Spec.Network,
        Address = request.Address,
        StartFrom = request.Spec.StartFrom,
        Disks = request.Spec.Disks,
        Display = request.Spec.Display,
        Limits = request.Spec.Limits,
        Accelerator = options.Accelerator,
        Image = preparation.Image,
        RegistrationUrl = preparation.RegistrationUrl,
        Labels = request.Spec.Labels,
        UserData = request.Spec.UserData,
        Timeouts = ImageKind.IsForeign(preparation.Image.Kind) ? options.StageTimeouts.ForForeignImage() : options.StageTimeouts,
        ShutdownGraceSeconds = (int)Math.Ceiling(options.ShutdownGrace.TotalSeconds),
        StateDirectory = options.ExecutorStateDirectory,
        CacheDirectory = options.ExecutorCacheDirectory,
        Simulation = options.Accelerator == "simulated" ? options.Simulation ?? new Simulation() : null,
    };

    private MachineTask Discard(MachineRequest request, Preparation preparation) => new()
    {
        Kind = TaskKind.Discard,
        MachineId = request.MachineId,
        ExternalId = request.ExternalId,
        Name = request.Name,
        Hostname = Hostname(request.Name, request.MachineId),
        Cpus = 1,
        MemoryBytes = 64L << 20,
        DiskBytes = 1,
        Image = preparation.Image,
        RegistrationUrl = ServerUrl().AbsoluteUri,
        Timeouts = options.StageTimeouts,
        StateDirectory = options.ExecutorStateDirectory,
    };

    /// <summary>A member of the pool as the executor is told. It registers nowhere: the address only says which server a spare may get acquainted with.</summary>
    public MachineTask Machine(PoolMember member, PoolSupply supply) => new()
    {
        Kind = member.Kind == PoolKind.Template ? TaskKind.Template : TaskKind.Spare,
        MachineId = member.Id,
        ExternalId = member.Id,
        Name = member.Kind == PoolKind.Template ? "template" : "spare",
        Hostname = member.Kind == PoolKind.Template ? "template" : "spare",
        Cpus = member.Class.MilliCpus / (double)Amounts.Unit,
        MemoryBytes = member.Class.MemoryBytes,
        DiskBytes = member.Class.DiskBytes,
        Network = member.Class.Network,
        Accelerator = options.Accelerator,
        Image = supply.Image,
        RegistrationUrl = ServerUrl().AbsoluteUri,
        Timeouts = options.StageTimeouts,
        ShutdownGraceSeconds = 0,
        StateDirectory = options.ExecutorStateDirectory,
        CacheDirectory = options.ExecutorCacheDirectory,
        Simulation = options.Accelerator == "simulated" ? options.Simulation ?? new Simulation() : null,
    };

    /// <summary>A name that DNS allows (RFC 1123), made of the machine's name.</summary>
    public static string Hostname(string name, string machineId)
    {
        var label = new string([.. name.ToLowerInvariant().Select(c => char.IsAsciiLetterOrDigit(c) ? c : '-')]).Trim('-');
        label = label.Length > 63 ? label[..63].Trim('-') : label;
        return label.Length > 0 ? label : $"machine-{machineId}";
    }

    private Uri ServerUrl()
    {
        var url = new Uri(options.CattleUrl.TrimEnd('/') + "/scripts/none");
        return options.LocalhostReplacement is { } host && url.IsLoopback ? new UriBuilder(url) { Host = host }.Uri : url;
    }

    private CommandInfo Command(IReadOnlyList<Artifact> programs)
    {
        var command = new CommandInfo
        {
            Shell = false,
            Value = $"./{programs[0].Name}",
            Arguments = { $"./{programs[0].Name}", "--state", options.ExecutorStateDirectory, options.ExecutorCacheDirectory is { } cache ? new[] { "--cache", cache } : [] },
            User = options.User,
        };
        foreach (var program in programs)
        {
            command.Uris.Add(new CommandInfo.Types.URI { Value = program.Url, Executable = true, Extract = false, Cache = true, OutputFile = program.Name });
        }

        return command;
    }
}
