using System.Reflection;

namespace Drover.Executor;

/// <summary>The program's options.</summary>
/// <param name="StateDirectory"><c>--state DIR</c>: the folder that executors of this computer share.</param>
/// <param name="CacheDirectory"><c>--cache DIR</c>: the folder for images and templates, which several instances may share.</param>
/// <param name="Version"><c>--version</c>: say the version and exit.</param>
/// <param name="Probe"><c>--probe</c>: say which accelerator machines would get here and exit.</param>
/// <param name="ImageFolder"><c>--image DIR</c>, with <c>--probe</c>: the image whose kernel is tried; without it only what is remembered is said.</param>
internal sealed record ExecutorCommandLine(string? StateDirectory, string? CacheDirectory, bool Version, bool Probe, string? ImageFolder)
{
    /// <summary><c>--ledger</c>: say what machines have on this computer and exit.</summary>
    internal bool Ledger { get; init; }

    /// <summary><c>--repair</c>, with <c>--ledger</c>: first clear up what dead executors left.</summary>
    internal bool Repair { get; init; }

    internal const string Usage = """
        usage: drover-executor --state DIR [--cache DIR]    run one task; started by a Mesos agent
               drover-executor --probe --image DIR    try kvm with the image's kernel and say which accelerator is used here
               drover-executor --ledger --state DIR [--cache DIR] [--repair]   list what machines have on this computer; clear up after dead executors
               drover-executor --version
        """;

    internal static string VersionText => $"drover-executor {typeof(ExecutorCommandLine).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion}";

    internal static (ExecutorCommandLine? Command, string? Error) Read(IReadOnlyList<string> arguments)
    {
        var command = new ExecutorCommandLine(null, null, false, false, null);
        for (var i = 0; i < arguments.Count; i++)
        {
            switch (arguments[i])
            {
                case "--state" or "--cache" or "--image" when i + 1 == arguments.Count:
                    return (null, $"{arguments[i]} needs a folder.\n{Usage}");
                case "--state":
                    command = command with { StateDirectory = Path.GetFullPath(arguments[++i]) };
                    break;
                case "--cache":
                    command = command with { CacheDirectory = Path.GetFullPath(arguments[++i]) };
                    break;
                case "--image":
                    command = command with { ImageFolder = Path.GetFullPath(arguments[++i]) };
                    break;
                case "--version":
                    command = command with { Version = true };
                    break;
                case "--ledger":
                    command = command with { Ledger = true };
                    break;
                case "--repair":
                    command = command with { Repair = true };
                    break;
                case "--probe":
                    command = command with { Probe = true };
                    break;
                default:
                    return (null, $"unknown option '{arguments[i]}'\n{Usage}");
            }
        }

        return (command, null);
    }
}
