using System.CommandLine;
using Drover.Cli.Commands.Hosts;
using Drover.Cli.Local;

namespace Drover.Cli.Commands;

/// <summary><c>drover up</c> and its options.</summary>
internal static class UpCommand
{
    public static Command Create(CliContext context, SharedOptions shared)
    {
        var listen = new Option<ListenAddress?>("--listen")
        {
            Description = $"Address of page and API [default: as the last time on this data folder, else {ListenAddress.Default}]",
            HelpName = "HOST:PORT",
            CustomParser = result =>
            {
                if (ListenAddress.TryParse(result.Tokens[0].Value, out var address))
                {
                    return address;
                }

                result.AddError($"--listen: '{result.Tokens[0].Value}' is no HOST:PORT such as {ListenAddress.Default}.");
                return null;
            },
        };
        var noHost = new Option<bool>("--no-host") { Description = "Do not add a first host" };
        var detach = new Option<bool>("--detach", "-d") { Description = "Return when ready; else stay, and stop everything on Ctrl-C" };
        var mesos = new Option<string?>("--mesos") { Description = "Use this Mesos master instead of the built-in LocalMesos", HelpName = "MASTER" };
        var accelerator = new Option<string?>("--accel") { Description = "auto, kvm, tcg or simulated [default: as the last time, else auto]", HelpName = "HOW" };
        accelerator.AcceptOnlyFromAmong("auto", "kvm", "tcg", "simulated");
        var advertise = new Option<string?>("--advertise") { Description = "Address by which hosts and Mesos agents reach this instance", HelpName = "URL" };
        var cache = new Option<string?>("--cache") { Description = "Folder for copies of images and for templates, which several instances may share [default: DROVER_CACHE, else as the last time, else below the data folder]", HelpName = "DIR" };
        var name = new Option<string>("--host-name") { Description = "Name of the first host [default: host-1]", HelpName = "NAME", DefaultValueFactory = _ => "host-1" };
        var host = new HostOptions();
        Option<string?>[] passedOn =
        [
            new("--simulate") { Description = "With --accel simulated: boot=MS,fail=STAGE,hang=STAGE,exit=MS,shutdown=MS", HelpName = "LIST" },
            new("--stage-timeouts") { Description = "Longest seconds per stage: image=,disk=,network=,boot=,docker=,register=", HelpName = "LIST" },
            new("--ip-cidr") { Description = "Addresses for machines on a bridge, such as 192.168.10.0/24 [default: their network's DHCP]", HelpName = "CIDR" },
            new("--ip-exclude") { Description = "Addresses of --ip-cidr that others have: a list of addresses and ranges A-B", HelpName = "LIST" },
            new("--gateway") { Description = "Default route of machines with an address of --ip-cidr", HelpName = "ADDRESS" },
            new("--dns") { Description = "Their name servers", HelpName = "LIST" },
            new("--warm") { Description = "Spares kept ready: a number per agent machine and size, or auto [default: as set before, at first 0]", HelpName = "N|auto" },
            new("--templates") { Description = "Templates: auto (made in the background) or off [default: as set before, at first auto]", HelpName = "WHEN" },
            new("--cpu-overcommit") { Description = "CPUs that are offered for each core of this machine", HelpName = "N" },
        ];

        var command = new Command("up", "Start Drover on this machine")
        {
            listen, noHost, detach, mesos, accelerator, advertise, cache, name, host.Cpus, host.Memory, host.Disk, host.Image, host.Network, host.StartFrom, host.Labels, shared.Quiet,
        };
        foreach (var option in passedOn)
        {
            command.Options.Add(option);
        }

        command.SetAction((parsed, token) => new UpRunner(
            new UpOptions
            {
                Data = DataFolder.Choose(parsed.GetValue(shared.Data), context),
                Listen = parsed.GetValue(listen),
                NoHost = parsed.GetValue(noHost),
                Detach = parsed.GetValue(detach),
                Mesos = parsed.GetValue(mesos),
                Accelerator = parsed.GetValue(accelerator),
                Advertise = parsed.GetValue(advertise),
                Cache = (parsed.GetValue(cache) ?? context.Variable("DROVER_CACHE")) is { Length: > 0 } folder ? Path.GetFullPath(folder) : null,
                FirstHostName = parsed.GetValue(name)!,
                FirstHost = host.Read(parsed),
                PassedOn = [.. passedOn.Where(o => parsed.GetValue(o) is not null).SelectMany(o => new[] { o.Name, parsed.GetValue(o)! }), .. parsed.GetValue(host.Network) is { } network ? new[] { host.Network.Name, network } : []],
            },
            context,
            () => shared.Board(context, parsed)).RunAsync(token));
        return command;
    }
}

/// <summary><c>drover down</c></summary>
internal static class DownCommand
{
    public static Command Create(CliContext context, SharedOptions shared)
    {
        var keepHosts = new Option<bool>("--keep-hosts") { Description = "Leave the machines running; the next up finds them again" };
        var timeout = SharedOptions.Timeout(DownRunner.StandardPatience);
        var command = new Command("down", "Stop Drover on this machine: remove the hosts, stop the services") { keepHosts, timeout, shared.Quiet };
        command.SetAction((parsed, token) =>
            new DownRunner(DataFolder.Choose(parsed.GetValue(shared.Data), context), parsed.GetValue(keepHosts), parsed.GetValue(timeout), context, () => shared.Board(context, parsed)).RunAsync(token));
        return command;
    }
}
