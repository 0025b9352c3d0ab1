using System.Globalization;
using System.Reflection;
using System.Text.Json;

namespace Drover.Daemon;

/// <summary>What makes a data folder this process' own: the lock, and <c>droverd.json</c> that tells others where it listens.</summary>
/// <remarks>The lock is an flock, so a killed process frees it. <c>droverd.json</c> may outlive a killed process; readers check pid and start time.</remarks>
internal sealed class InstanceFiles : IDisposable
{
    private readonly DaemonOptions _options;
    private readonly FileStream _lock;

    private InstanceFiles(DaemonOptions options, FileStream held)
    {
        _options = options;
        _lock = held;
    }

    private string AddressFile => _options.DataPath("droverd.json");

    /// <summary>Takes the folder for these roles; null when another process has it.</summary>
    public static InstanceFiles? TryTake(DaemonOptions options)
    {
        Directory.CreateDirectory(options.Data, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);

        // Roles may be spread over processes of one folder; the server's process is the one that others look for.
        var name = options.Has(Role.Server) ? "droverd.lock" : $"droverd-{string.Join('-', options.Roles.Order())}.lock";
        try
        {
            return new InstanceFiles(options, new FileStream(options.DataPath(name), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>Tells that this process answers at <paramref name="url"/>.</summary>
    public void Announce(Uri url)
    {
        if (!_options.Has(Role.Server))
        {
            return;
        }

        var fields = new Dictionary<string, object>(StringComparer.Ordinal)
        {
            ["pid"] = Environment.ProcessId,
            ["startTime"] = StartTime(),
            ["url"] = url.GetLeftPart(UriPartial.Authority),
            ["version"] = typeof(InstanceFiles).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "",
            ["accelerator"] = _options.Accelerator,
        };
        var fresh = AddressFile + ".new";
        File.WriteAllText(fresh, JsonSerializer.Serialize(fields));
        File.Move(fresh, AddressFile, overwrite: true);
    }

    /// <summary>A clean stop: nobody needs to look for this process.</summary>
    public void Withdraw()
    {
        if (_options.Has(Role.Server))
        {
            File.Delete(AddressFile);
        }
    }

    public void Dispose() => _lock.Dispose();

    /// <summary>Field 22 of <c>/proc/self/stat</c>: clock ticks between boot and the start of this process (proc(5)).</summary>
    private static long StartTime()
    {
        var stat = File.ReadAllText("/proc/self/stat");
        var afterName = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return long.Parse(afterName[19], CultureInfo.InvariantCulture);
    }
}
