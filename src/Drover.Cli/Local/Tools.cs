using System.Runtime.InteropServices;
using Drover.Cli.Output;

namespace Drover.Cli.Local;

/// <summary>The programs that an instance needs on this machine.</summary>
internal static class Tools
{
    public static string Qemu => RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "qemu-system-aarch64" : "qemu-system-x86_64";

    public static string Daemon(CliContext context) => Path.Combine(context.ProgramFolder, "droverd");

    /// <exception cref="CliFailure">Something is missing; the advice names the packages.</exception>
    public static StepResult Check(UpOptions options, CliContext context)
    {
        var missing = new[] { "droverd", "drover-executor", "drover-agent" }.Where(p => !File.Exists(Path.Combine(context.ProgramFolder, p))).ToList();
        if (missing.Count > 0)
        {
            throw new CliFailure(ExitCode.Failed, $"{context.ProgramFolder} lacks {string.Join(", ", missing)}.", "Run ./drover in a checkout: it builds them.");
        }

        // On a cluster the machines run on its agents; simulated machines need no QEMU anywhere.
        var needed = options.IsSimulated || options.Mesos is not null ? [] : new[] { Qemu, "qemu-img" };
        var absent = needed.Where(p => Find(p, context) is null).ToList();
        return absent.Count == 0
            ? new StepResult(null)
            : throw new CliFailure(ExitCode.Failed, $"{string.Join(" and ", absent)} cannot be found.", "apt-get install qemu-system-x86 qemu-utils – or try it without virtual machines: --accel simulated");
    }

    /// <summary>The program's path; null when it is not on PATH.</summary>
    public static string? Find(string program, CliContext context) =>
        (context.Variable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries).Select(d => Path.Combine(d, program)).FirstOrDefault(File.Exists);
}
