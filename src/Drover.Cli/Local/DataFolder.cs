using System.Text.Json.Nodes;
using Drover.Cli.Output;

namespace Drover.Cli.Local;

/// <summary>The data folder of one local instance: where its files lie. Everything an instance keeps is below it.</summary>
internal sealed class DataFolder(string path)
{
    /// <summary>Absolute, without a trailing slash and without symbolic links: it is compared with other processes' command lines.</summary>
    public string Path { get; } = Resolve(path);

    /// <summary>Who runs; see <see cref="InstanceRecord"/>.</summary>
    public string InstanceFile => System.IO.Path.Combine(Path, "droverd.json");

    public string LogFile => System.IO.Path.Combine(Path, "droverd.log");

    /// <summary>The admin's generated first password; gone once it was changed.</summary>
    public string PasswordFile => System.IO.Path.Combine(Path, "initial-password");

    public string AdminKeyFile => System.IO.Path.Combine(Path, "keys", "admin.json");

    /// <summary>Held by <c>drover up</c> and <c>drover down</c> while they work, so that two of them take turns.</summary>
    public string TurnFile => System.IO.Path.Combine(Path, "drover.turn");

    /// <summary>The options of the last <c>drover up</c>; see <see cref="UpMemory"/>.</summary>
    public string MemoryFile => System.IO.Path.Combine(Path, "up.json");

    /// <summary>What executors of this instance share: image cache, templates, ledger.</summary>
    public string MachinesFolder => System.IO.Path.Combine(Path, "machines");

    /// <summary>A droverd has been started here before.</summary>
    public bool HasInstance => File.Exists(AdminKeyFile);

    /// <summary><c>--data</c>, else <c>DROVER_DATA</c>, else <c>${XDG_DATA_HOME:-~/.local/share}/drover</c>.</summary>
    public static DataFolder Choose(string? option, CliContext context) => new(option ?? context.Variable("DROVER_DATA") ?? Default(context));

    public static string Default(CliContext context) => System.IO.Path.Combine(context.UserFolder("XDG_DATA_HOME", ".local/share"), "drover");

    /// <summary>The CLI's key for this instance; null while there is none.</summary>
    public AdminKey? ReadAdminKey()
    {
        var json = TryRead(AdminKeyFile);
        return json?.Text("accessKey") is { Length: > 0 } access && json.Text("secretKey") is { Length: > 0 } secret
            ? new AdminKey(access, secret, json.Text("projectId"))
            : null;
    }

    public InstanceRecord? ReadInstance() => TryRead(InstanceFile) is { } json ? InstanceRecord.From(json) : null;

    /// <summary>Null when the file is missing, unreadable, or no JSON object.</summary>
    public static JsonObject? TryRead(string file)
    {
        try
        {
            return JsonRow.TryParse(File.ReadAllText(file));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static string Resolve(string path)
    {
        var full = System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(path));
        var existing = full;
        while (!Directory.Exists(existing) && System.IO.Path.GetDirectoryName(existing) is { } parent)
        {
            existing = parent;
        }

        var real = RealPath(existing);
        return existing == full ? real : System.IO.Path.Combine(real, System.IO.Path.GetRelativePath(existing, full));
    }

    /// <summary>Follows the symbolic links of every part of an existing folder.</summary>
    private static string RealPath(string folder)
    {
        var real = "/";
        foreach (var part in folder.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            var next = System.IO.Path.Combine(real, part);
            real = new DirectoryInfo(next).ResolveLinkTarget(returnFinalTarget: true) is { } target ? RealPath(target.FullName) : next;
        }

        return real;
    }
}

/// <summary>Key of the admin account of a local instance, and its default environment.</summary>
internal sealed record AdminKey(string AccessKey, string SecretKey, string? ProjectId);

/// <summary><c>droverd.json</c>: written by droverd when it is ready, removed when it stops cleanly.</summary>
/// <param name="StartTime">Clock ticks since boot, from <c>/proc/PID/stat</c>: tells the process from a later one with the same number.</param>
internal sealed record InstanceRecord(int Pid, long StartTime, Uri Url, string? Version, string? Accelerator)
{
    /// <summary>Null when a field that matters is missing or wrong: the file is then of no use.</summary>
    public static InstanceRecord? From(JsonObject json) =>
        json.Number("pid") is > 0 and < int.MaxValue and var pid
        && json.Number("startTime") is { } startTime
        && Uri.TryCreate(json.Text("url"), UriKind.Absolute, out var url) && url.Scheme is "http" or "https"
            ? new InstanceRecord((int)pid, (long)startTime, url, json.Text("version"), json.Text("accelerator"))
            : null;
}
