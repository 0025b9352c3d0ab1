using System.Diagnostics.CodeAnalysis;
using Drover.Api.Agents;

namespace Drover.Agent;

/// <summary>The command line.</summary>
internal sealed record AgentOptions
{
    /// <summary>The way to the executor: a virtio-serial port, or with <see cref="Simulated"/> a unix socket.</summary>
    public string Channel { get; init; } = $"/dev/virtio-ports/{GuestMessage.PortName}";

    /// <summary>Folder of the registration key and the keys to the server. Made if missing; only its owner may read it.</summary>
    public string State { get; init; } = "/var/lib/drover";

    /// <summary>Stands in for a guest: no Docker, and nothing of the machine is touched.</summary>
    public bool Simulated { get; init; }

    public bool ShowVersion { get; init; }

    public const string Usage = """
        Usage: drover-agent [--channel PATH] [--state DIR] [--simulated]
               drover-agent --version

          --channel PATH  virtio-serial port of the executor (default /dev/virtio-ports/io.drover.agent.0);
                          with --simulated a unix socket
          --state DIR     where keys are kept (default /var/lib/drover)
          --simulated     stands in for a guest: no Docker, touches nothing of the machine

        Ends with 0 (told to stop), 2 (wrong usage), 3 (the host was removed: do not start again),
        4 (the state folder cannot be used), 70 (a defect).
        """;

    public static bool TryParse(IReadOnlyList<string> arguments, [NotNullWhen(true)] out AgentOptions? options, [NotNullWhen(false)] out string? error)
    {
        var parsed = new AgentOptions();
        options = null;
        error = null;
        for (var i = 0; i < arguments.Count; i++)
        {
            var value = i + 1 < arguments.Count ? arguments[i + 1] : null;
            switch (arguments[i])
            {
                case "--simulated":
                    parsed = parsed with { Simulated = true };
                    break;
                case "--version":
                    parsed = parsed with { ShowVersion = true };
                    break;
                case "--channel" or "--state" when string.IsNullOrEmpty(value):
                    error = $"{arguments[i]} needs a value";
                    return false;
                case "--channel":
                    parsed = parsed with { Channel = value };
                    i++;
                    break;
                case "--state":
                    parsed = parsed with { State = value };
                    i++;
                    break;
                default:
                    error = $"unknown option {arguments[i]}";
                    return false;
            }
        }

        options = parsed;
        return true;
    }
}

/// <summary>How the program ends. The guest's supervisor starts it again after all but <see cref="Gone"/>.</summary>
internal static class ExitCode
{
    public const int Stopped = 0;
    public const int Usage = 2;
    public const int Gone = 3;
    public const int State = 4;
    public const int Defect = 70;
}
