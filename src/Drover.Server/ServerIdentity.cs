namespace Drover.Server;

/// <summary>Which of several servers on one database this is. The same after a restart, so that it takes its own work up at once.</summary>
internal sealed class ServerIdentity(ServerOptions options)
{
    public string Id { get; } = $"{Environment.MachineName}:{Path.GetFullPath(options.DataDirectory)}" is var name && name.Length > 64 ? name[^64..] : name;
}
