using System.ComponentModel;
using System.Diagnostics;

namespace Drover.Cli.Docker;

/// <summary>The person's own <c>docker</c>, at a socket of ours.</summary>
internal static class DockerProgram
{
    /// <summary>What would lead it elsewhere.</summary>
    private static readonly string[] Others = ["DOCKER_CONTEXT", "DOCKER_TLS", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"];

    /// <summary>Runs it on this terminal, to its end.</summary>
    /// <returns>Its exit code.</returns>
    public static async Task<int> RunAsync(string program, IEnumerable<string> arguments, string address, InterruptSignal interrupt)
    {
        var start = new ProcessStartInfo(program, arguments) { UseShellExecute = false };
        start.Environment["DOCKER_HOST"] = address;
        foreach (var other in Others)
        {
            start.Environment.Remove(other);
        }

        try
        {
            using var process = Process.Start(start) ?? throw new CliFailure(ExitCode.Failed, $"{program} could not be started.");

            // Ctrl-C goes to it as well, since it is on the same terminal: how it ends is its own affair, also at the second.
            _ = interrupt.ArmSecond();
            await process.WaitForExitAsync(CancellationToken.None);
            return process.ExitCode;
        }
        catch (Win32Exception e)
        {
            throw new CliFailure(ExitCode.Failed, $"{program} could not be started: {e.Message}.", "Install Docker's client, in Debian the package docker.io (its service is not needed), or name one with --client PROGRAM.");
        }
    }
}
