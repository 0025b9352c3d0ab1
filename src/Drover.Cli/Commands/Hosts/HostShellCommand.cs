using System.CommandLine;
using Drover.Cli.Containers;
using Drover.Cli.Docker;

namespace Drover.Cli.Commands.Hosts;

/// <summary><c>drover host shell NAME</c>: a shell of root on the host itself, through its link.</summary>
internal static class HostShellCommand
{
    public static Command Create(CliContext context, SharedOptions shared)
    {
        var name = SharedOptions.HostArgument(context, shared);
        var command = new Command("shell", "A shell on the host itself, as root") { name };
        command.SetAction(async (parsed, token) =>
        {
            using var server = shared.Choose(context, parsed);
            var (environment, hostId, _) = await DockerHost.FindAsync(server, parsed.GetRequiredValue(name), token);
            var access = await environment.ActionAsync("hosts", hostId, "shell", null, token);
            using var socket = await StreamDial.OpenAsync(environment, access, ExecSession.Protocol, token);
            using var session = new ExecSession(socket, tty: true, input: true);
            return await session.RunAsync(token);
        });
        return command;
    }
}
