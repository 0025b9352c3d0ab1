using System.Text.Json.Nodes;
using Docker.DotNet;
using Docker.DotNet.Models;
using Drover.Api.Agents.Streams;
using Drover.Server.Hosts;

namespace Drover.Server.Containers.Access;

/// <summary><c>/v1/exec/</c>: a process in a container, the container's own (attach), or a shell of the host, with input, output and the size of its terminal.</summary>
internal sealed class ExecType(StreamServices services) : StreamEndpoint(services)
{
    public const string Path = "exec";

    protected override IReadOnlyList<string> Protocols => [ChannelFraming.Protocol, PlainFraming.Binary];

    protected override async Task<IRelay> OpenAsync(StreamRight right, HostDocker docker, ContainerRow? container, string? protocol, CancellationToken cancellationToken)
    {
        var framing = ExecFraming.For(protocol);
        return container is null ? await ShellAsync(framing, docker, cancellationToken)
            : (bool?)right.Arguments["attach"] == true ? await AttachAsync(framing, docker, container.DockerId, cancellationToken)
            : await ExecuteAsync(framing, right.Arguments, docker, container.DockerId, cancellationToken);
    }

    private static async Task<ExecRelay> ExecuteAsync(ExecFraming framing, JsonObject arguments, HostDocker docker, string container, CancellationToken cancellationToken)
    {
        var tty = (bool?)arguments["tty"] ?? true;
        var output = (bool?)arguments["attachStdout"] ?? true;
        var made = await docker.Client.Exec.CreateContainerExecAsync(
            container,
            new ContainerExecCreateParameters
            {
                AttachStdin = (bool?)arguments["attachStdin"] ?? true,
                AttachStdout = output,
                AttachStderr = output,
                TTY = tty,
                Cmd = [.. arguments["command"]!.AsArray().Select(word => (string)word!)],
                User = (string?)arguments["user"] ?? "",
                WorkingDir = (string?)arguments["workingDir"] ?? "",
                Env = tty ? ["TERM=xterm-256color"] : [],
            },
            cancellationToken);
        var process = await docker.UpgradeAsync($"exec/{made.ID}/start", new JsonObject { ["Detach"] = false, ["Tty"] = tty }, cancellationToken);
        return new ExecRelay(framing, process, tty)
        {
            Resize = (width, height, token) => SizedAsync(() => docker.Client.Exec.ResizeExecTtyAsync(made.ID, new ContainerResizeParameters { Width = width, Height = height }, token)),
            ExitCode = async token => await docker.Client.Exec.InspectContainerExecAsync(made.ID, token) is { Running: false } ended ? (int)(ended.ExitCode ?? 0) : null,
        };
    }

    private static async Task<ExecRelay> AttachAsync(ExecFraming framing, HostDocker docker, string container, CancellationToken cancellationToken)
    {
        var config = (await docker.ReadAsync($"containers/{container}/json", cancellationToken))["Config"];
        var (tty, input) = ((bool?)config?["Tty"] ?? false, (bool?)config?["OpenStdin"] ?? false);
        var process = await docker.UpgradeAsync($"containers/{container}/attach?stream=1&stdout=1&stderr=1&stdin={(input ? 1 : 0)}", null, cancellationToken);
        return new ExecRelay(framing, process, tty)
        {
            Resize = (width, height, token) => SizedAsync(() => docker.Client.Containers.ResizeContainerTtyAsync(container, new ContainerResizeParameters { Width = width, Height = height }, token)),

            // The output ends a moment before Docker has noted the end: waiting for it is what Docker itself offers.
            ExitCode = async token => (int)(await docker.Client.Containers.WaitContainerAsync(container, token)).StatusCode,
        };
    }

    private static async Task<ExecRelay> ShellAsync(ExecFraming framing, HostDocker docker, CancellationToken cancellationToken)
    {
        var shell = new ShellConnection(await docker.OpenAsync(StreamTarget.Shell, cancellationToken));
        return new ExecRelay(framing, shell, tty: true) { Resize = shell.ResizeAsync, ExitCode = _ => Task.FromResult(shell.ExitCode) };
    }

    /// <summary>Before the process runs, and after it, there is nothing to size.</summary>
    private static async Task SizedAsync(Func<Task> resize)
    {
        try
        {
            await resize();
        }
        catch (DockerApiException)
        {
            // The next size is told as well.
        }
    }
}
