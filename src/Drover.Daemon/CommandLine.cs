using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Net;
using Drover.Api.Machines;

namespace Drover.Daemon;

/// <summary>The options of <c>droverd</c>. <c>drover up</c> is the friendly way to give them.</summary>
internal sealed class CommandLine
{
    private static readonly Dictionary<string, Role> RoleNames = new(StringComparer.Ordinal)
    {
        ["server"] = Role.Server,
        ["web"] = Role.Web,
        ["scheduler"] = Role.Scheduler,
        ["mesos-master"] = Role.MesosMaster,
        ["mesos-agent"] = Role.MesosAgent,
    };

    private readonly Option<string> _data = new("--data") { Description = "Folder with all state of this instance", Required = true };
    private readonly Option<IPEndPoint> _listen = new("--listen") { Description = "HOST:PORT of page and API", DefaultValueFactory = _ => new IPEndPoint(IPAddress.Loopback, 8080), CustomParser = ParseListen };
    private readonly Option<IReadOnlySet<Role>> _roles = new("--roles") { Description = $"What to run: {string.Join(',', RoleNames.Keys)} (default: all; with --mesos, all but LocalMesos)", CustomParser = ParseRoles };
    private readonly Option<string> _images = new("--images") { Description = "Folder of guest images", DefaultValueFactory = _ => Path.Combine(AppContext.BaseDirectory, "images") };
    private readonly Option<string?> _cache = new("--cache") { Description = "Folder of the agent machines for their copies of images and for templates; several instances may share one (default: machines below --data)" };
    private readonly Option<string> _programs = new("--programs") { Description = "Folder with drover-executor and drover-agent", DefaultValueFactory = _ => AppContext.BaseDirectory };
    private readonly Option<string?> _mesos = new("--mesos") { Description = "Mesos master (host:port, list, zk://…) instead of LocalMesos" };
    private readonly Option<Uri?> _server = new("--server") { Description = "Address of the server, for a scheduler that runs alone on the same data folder", CustomParser = ParseUrl };
    private readonly Option<Uri?> _advertise = new("--advertise") { Description = "Address by which hosts and Mesos agents reach this process", CustomParser = ParseUrl };
    private readonly Option<string> _accelerator = new("--accel") { Description = "auto, kvm, tcg or simulated", DefaultValueFactory = _ => "auto" };
    private readonly Option<Simulation?> _simulate = new("--simulate") { Description = "Simulated machines: boot=MS,fail=STAGE,hang=STAGE,exit=MS,shutdown=MS", CustomParser = ParseSimulation };
    private readonly Option<StageTimeouts> _timeouts = new("--stage-timeouts") { Description = "Longest seconds per stage: image=,disk=,network=,boot=,docker=,register=", CustomParser = ParseTimeouts, DefaultValueFactory = _ => new StageTimeouts() };
    private readonly Option<string> _network = new("--network") { Description = "Network of machines that name none: auto, user, nat or bridge:NAME", DefaultValueFactory = _ => "user" };
    private readonly Option<string?> _ipCidr = new("--ip-cidr") { Description = "Addresses for machines on a bridge, such as 192.168.10.0/24 (default: the variable IP_CIDR, else their network's DHCP)" };
    private readonly Option<string?> _ipExclude = new("--ip-exclude") { Description = "Addresses of --ip-cidr that others have: a list of addresses and ranges A-B" };
    private readonly Option<string?> _gateway = new("--gateway") { Description = "Default route of machines with an address of --ip-cidr" };
    private readonly Option<string?> _dns = new("--dns") { Description = "Their name servers, a list" };
    private readonly Option<double> _overcommit = new("--cpu-overcommit") { Description = "CPUs that LocalMesos offers for each core", DefaultValueFactory = _ => 4 };

    private readonly Option<string?> _warm = new("--warm") { Description = "Spares kept ready: a number per agent machine and size, or auto (default: as set before, at first 0: each holds a machine's memory)", CustomParser = ParseWarm };
    private readonly Option<string?> _templates = new("--templates") { Description = "auto: templates are made in the background, off: none are (default: as set before, at first auto)" };

    public CommandLine(Func<DaemonOptions, CancellationToken, Task<int>> run)
    {
        _templates.AcceptOnlyFromAmong("auto", "off");
        _accelerator.AcceptOnlyFromAmong("auto", "kvm", "tcg", "simulated");
        Root = new RootCommand("The control plane of Drover as one process. People start it with `drover up`.")
        {
            _data, _listen, _roles, _images, _programs, _mesos, _server, _advertise, _accelerator, _simulate, _timeouts, _overcommit, _network, _ipCidr, _ipExclude, _gateway, _dns,
            _warm, _templates, _cache,
        };
        Root.SetAction((parsed, token) => run(Read(parsed), token));
    }

    public RootCommand Root { get; }

    private DaemonOptions Read(ParseResult parsed) => new()
    {
        Data = Path.GetFullPath(parsed.GetValue(_data)!),
        Listen = parsed.GetValue(_listen)!,
        Roles = parsed.GetValue(_roles) ?? DefaultRoles(parsed.GetValue(_mesos)),
        Images = Path.GetFullPath(parsed.GetValue(_images)!),
        Cache = parsed.GetValue(_cache) is { } cache ? Path.GetFullPath(cache) : null,
        Programs = Path.GetFullPath(parsed.GetValue(_programs)!),
        Mesos = parsed.GetValue(_mesos),
        Server = parsed.GetValue(_server),
        Advertise = parsed.GetValue(_advertise),
        Accelerator = parsed.GetValue(_accelerator)!,
        Simulation = parsed.GetValue(_simulate),
        StageTimeouts = parsed.GetValue(_timeouts)!,
        CpuOvercommit = parsed.GetValue(_overcommit),
        Network = parsed.GetValue(_network)!,
        IpCidr = parsed.GetValue(_ipCidr),
        IpExclude = List(parsed.GetValue(_ipExclude)),
        Gateway = parsed.GetValue(_gateway),
        NameServers = List(parsed.GetValue(_dns)),
        Warm = parsed.GetValue(_warm),
        Templates = parsed.GetValue(_templates),
    };

    private static string[] List(string? text) => text?.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? [];

    private static HashSet<Role> DefaultRoles(string? mesos) =>
        mesos is null ? [.. Enum.GetValues<Role>()] : [Role.Server, Role.Web, Role.Scheduler];

    private static string? ParseWarm(ArgumentResult result)
    {
        var text = result.Tokens[0].Value;
        if (text == "auto" || (Whole(text) is { } number && number <= 100))
        {
            return text;
        }

        result.AddError($"--warm: '{text}' is neither auto nor a number from 0 to 100.");
        return null;
    }

    private static IPEndPoint? ParseListen(ArgumentResult result)
    {
        var text = result.Tokens[0].Value;
        var host = text[..Math.Max(text.LastIndexOf(':'), 0)];
        if (int.TryParse(text[(text.LastIndexOf(':') + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is >= 0 and <= 65535)
        {
            if (host is "localhost")
            {
                return new IPEndPoint(IPAddress.Loopback, port);
            }

            if (IPAddress.TryParse(host.Trim('[', ']'), out var address))
            {
                return new IPEndPoint(address, port);
            }
        }

        result.AddError($"--listen: '{text}' is no HOST:PORT such as 127.0.0.1:8080.");
        return null;
    }

    private static Uri? ParseUrl(ArgumentResult result)
    {
        if (Uri.TryCreate(result.Tokens[0].Value, UriKind.Absolute, out var url) && url!.Scheme is "http" or "https")
        {
            return url;
        }

        result.AddError($"'{result.Tokens[0].Value}' is no address such as http://10.0.0.1:8080.");
        return null;
    }

    private static HashSet<Role>? ParseRoles(ArgumentResult result)
    {
        var roles = new HashSet<Role>();
        foreach (var name in result.Tokens[0].Value.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (!RoleNames.TryGetValue(name, out var role))
            {
                result.AddError($"--roles: '{name}' is none of {string.Join(", ", RoleNames.Keys)}.");
                return null;
            }

            roles.Add(role);
        }

        return roles;
    }

    private static Simulation? ParseSimulation(ArgumentResult result)
    {
        var simulation = new Simulation();
        foreach (var (key, value) in Pairs(result, "--simulate"))
        {
            simulation = key switch
            {
                "boot" when Whole(value) is { } ms => simulation with { BootMilliseconds = ms },
                "exit" when Whole(value) is { } ms => simulation with { ExitAfterMilliseconds = ms },
                "shutdown" when Whole(value) is { } ms => simulation with { ShutdownMilliseconds = ms },
                "fail" when MachineStage.All.Contains(value) => simulation with { FailAt = value },
                "hang" when MachineStage.All.Contains(value) => simulation with { HangAt = value },
                _ => Refuse(result, $"--simulate: '{key}={value}' is none of boot=MS, fail=STAGE, hang=STAGE, exit=MS, shutdown=MS.", simulation),
            };
        }

        return simulation;
    }

    private static StageTimeouts? ParseTimeouts(ArgumentResult result)
    {
        var timeouts = new StageTimeouts();
        foreach (var (key, value) in Pairs(result, "--stage-timeouts"))
        {
            timeouts = (key, Whole(value)) switch
            {
                ("image", > 0 and var s) => timeouts with { ImageSeconds = s },
                ("disk", > 0 and var s) => timeouts with { DiskSeconds = s },
                ("network", > 0 and var s) => timeouts with { NetworkSeconds = s },
                ("boot", > 0 and var s) => timeouts with { BootSeconds = s },
                ("docker", > 0 and var s) => timeouts with { DockerSeconds = s },
                ("register", > 0 and var s) => timeouts with { RegisterSeconds = s },
                _ => Refuse(result, $"--stage-timeouts: '{key}={value}' is no stage with a number of seconds, such as boot=300.", timeouts),
            };
        }

        return timeouts;
    }

    private static T Refuse<T>(ArgumentResult result, string message, T value)
    {
        result.AddError(message);
        return value;
    }

    private static int? Whole(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static IEnumerable<(string Key, string Value)> Pairs(ArgumentResult result, string option)
    {
        foreach (var pair in result.Tokens.SelectMany(t => t.Value.Split(',', StringSplitOptions.RemoveEmptyEntries)))
        {
            var split = pair.Split('=', 2);
            if (split.Length != 2)
            {
                result.AddError($"{option}: '{pair}' has no '='.");
                yield break;
            }

            yield return (split[0], split[1]);
        }
    }
}
