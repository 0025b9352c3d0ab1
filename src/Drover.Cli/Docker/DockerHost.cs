using Drover.Api.Agents.Streams;
using Drover.Api.Cattle;
using Drover.Cli.Hosts;
using Drover.Cli.Local;

namespace Drover.Cli.Docker;

/// <summary>The host that a docker is to speak to.</summary>
internal static class DockerHost
{
    /// <exception cref="CliFailure">There is none of that name, or it has no Docker yet.</exception>
    public static async Task<(CattleClient Environment, string HostId, string Name)> FindAsync(Connection.Server server, string name, CancellationToken token)
    {
        var environment = await server.EnvironmentAsync(token);
        var row = await new HostDirectory(environment).ResolveAsync(name, token);
        if (row.State is "stopping" or "stopped" or "starting")
        {
            throw new CliFailure(ExitCode.Refused, $"{row.Name} is {row.State}.", $"Start it: drover host start {row.Name}");
        }

        return row.Host is { } host ? (environment, host.Id, row.Name) : throw new CliFailure(ExitCode.Refused, $"{row.Name} is {row.State}: there is no Docker to speak to yet.", $"Wait for it: drover wait {row.Name}");
    }

    public static DockerProxy ProxyOf(CliContext context, CattleClient environment, string hostId) =>
        new(SocketFolder.Of(context, environment.Root, hostId), new ProcessTable(context.ProcFolder));

    /// <summary>So that a host which is away is told in our words, and before any program starts.</summary>
    public static async Task TryAsync(HostTunnel tunnel, CancellationToken token)
    {
        try
        {
            await using var stream = await tunnel.OpenAsync(new StreamTarget { Kind = StreamTarget.Docker }, token);
        }
        catch (StreamResetException e)
        {
            throw new CliFailure(ExitCode.Refused, e.Message);
        }
    }
}
