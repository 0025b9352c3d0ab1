using System.CommandLine;
using Drover.Cli.Docker;
using Drover.Cli.Hosts;

namespace Drover.Cli.Commands;

/// <summary><c>drover docker HOST -- …</c>: the person's own docker, at that host's Docker.</summary>
internal static class DockerCommand
{
    public static Command Create(CliContext context, SharedOptions shared)
    {
        var host = SharedOptions.HostArgument(context, shared);
        var arguments = new Argument<string[]>("ARGS") { Description = "What docker gets, after --", Arity = ArgumentArity.ZeroOrMore, HelpName = "-- ARGS" };
        var client = new Option<string>("--client") { Description = "The program to run, which takes DOCKER_HOST: docker, docker-compose or another", DefaultValueFactory = _ => "docker", HelpName = "PROGRAM" };
        var command = new Command("docker", "Run your own docker at the Docker of a host: drover docker web-1 -- ps") { host, arguments, client };
        command.SetAction(async (parsed, token) =>
        {
            using var server = shared.Choose(context, parsed);
            var (environment, hostId, _) = await DockerHost.FindAsync(server, parsed.GetRequiredValue(host), token);
            await using var tunnel = new HostTunnel(environment, hostId);
            await DockerHost.TryAsync(tunnel, token);
            var folder = SocketFolder.Fresh(context);
            try
            {
                await using var socket = new DockerSocket(Path.Combine(folder, "docker.sock"), tunnel, context.Time);
                return await DockerProgram.RunAsync(parsed.GetRequiredValue(client), parsed.GetValue(arguments) ?? [], socket.Address, context.Interrupt);
            }
            finally
            {
                Directory.Delete(folder, recursive: true);
            }
        });
        return command;
    }
}

/// <summary><c>eval $(drover docker-env HOST)</c>: every docker of this shell speaks to that host.</summary>
internal static class DockerEnvCommand
{
    private const string Hidden = "docker-proxy";

    public static Command Create(CliContext context, SharedOptions shared)
    {
        var host = SharedOptions.HostArgument(context, shared);
        host.Arity = ArgumentArity.ZeroOrOne;
        var shell = new Option<string>("--shell") { Description = "Whose words: sh or fish", DefaultValueFactory = _ => context.Variable("SHELL")?.EndsWith("/fish", StringComparison.Ordinal) == true ? "fish" : "sh", HelpName = "SHELL" };
        shell.AcceptOnlyFromAmong("sh", "fish");
        var unset = new Option<bool>("--unset", "-u") { Description = "Words that undo it; with NAME, end its socket too" };
        var command = new Command("docker-env", "Print what lets docker and docker-compose of this shell speak to a host: eval $(drover docker-env web-1)") { host, shell, unset };
        command.Validators.Add(result =>
        {
            if (!result.GetValue(unset) && result.GetValue(host) is null)
            {
                result.AddError("Say which host: drover docker-env NAME.");
            }
        });
        command.SetAction(async (parsed, token) =>
        {
            var isFish = parsed.GetValue(shell) == "fish";
            var name = parsed.GetValue(host);
            if (parsed.GetValue(unset))
            {
                context.Console.Out.WriteLine(isFish ? "set -e DOCKER_HOST;" : "unset DOCKER_HOST");
                if (name is not null)
                {
                    await StopAsync(context, shared, parsed, name, token);
                }

                return ExitCode.Ok;
            }

            using var server = shared.Choose(context, parsed);
            var (environment, hostId, found) = await DockerHost.FindAsync(server, name!, token);
            await using (var tunnel = new HostTunnel(environment, hostId))
            {
                await DockerHost.TryAsync(tunnel, token);
            }

            var proxy = DockerHost.ProxyOf(context, environment, hostId);
            await proxy.StartAsync(Program(context, shared, parsed, name!), context.Time, token);
            context.Console.Out.WriteLine(isFish ? $"set -gx DOCKER_HOST {proxy.Address};" : $"export DOCKER_HOST={proxy.Address}");
            context.Console.Out.WriteLine($"# docker and docker-compose speak to {found} now, in this shell: eval $({context.Called} docker-env {name})");
            return ExitCode.Ok;
        });
        return command;
    }

    /// <summary>The background process; people start it by <c>docker-env</c>.</summary>
    public static Command CreateProxy(CliContext context, SharedOptions shared)
    {
        var host = SharedOptions.HostArgument(context, shared);
        var idle = new Option<TimeSpan>("--idle") { Description = "End after so long without a connection", DefaultValueFactory = _ => TimeSpan.FromHours(8) };
        var command = new Command(Hidden, "Serve a socket that leads to the Docker of a host") { host, idle };
        command.Hidden = true;
        command.SetAction(async (parsed, token) =>
        {
            using var server = shared.Choose(context, parsed);
            var (environment, hostId, _) = await DockerHost.FindAsync(server, parsed.GetRequiredValue(host), token);
            await DockerHost.ProxyOf(context, environment, hostId).ServeAsync(environment, hostId, parsed.GetValue(idle), context.Time, token);
            return ExitCode.Ok;
        });
        return command;
    }

    /// <summary>In whatever state the host is.</summary>
    private static async Task StopAsync(CliContext context, SharedOptions shared, ParseResult parsed, string name, CancellationToken token)
    {
        using var server = shared.Choose(context, parsed);
        var environment = await server.EnvironmentAsync(token);
        if ((await new HostDirectory(environment).ResolveAsync(name, token)).Host is { } host)
        {
            await DockerHost.ProxyOf(context, environment, host.Id).StopAsync(context.Time, token);
        }
    }

    private static List<string> Program(CliContext context, SharedOptions shared, ParseResult parsed, string host)
    {
        var program = new List<string> { Path.Combine(context.ProgramFolder, "drover"), Hidden, host };

        // Also what came by a variable, so that a list of processes tells whose it is.
        foreach (var (option, variable) in new[] { (shared.Data, "DROVER_DATA"), (shared.Environment, "DROVER_ENVIRONMENT") })
        {
            if ((parsed.GetValue(option) ?? context.Variable(variable)) is { } value)
            {
                program.AddRange([option.Name, value]);
            }
        }

        return program;
    }
}
