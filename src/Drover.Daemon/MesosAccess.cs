using System.Security.Cryptography;
using System.Text.Json;
using Drover.LocalMesos;

namespace Drover.Daemon;

/// <summary>How the parts of one data folder reach its LocalMesos: kept in <c>mesos/access.json</c>, readable by the owner only.</summary>
/// <remarks>Without a secret every user of the machine could start programs as the user that runs this process.</remarks>
internal sealed record MesosAccess(string Principal, string Secret)
{
    private const string MasterFile = "master.url";

    public LocalCredentials Credentials => new(Principal, Secret);

    /// <summary>Reads it, or makes it the first time.</summary>
    public static MesosAccess Ensure(DaemonOptions options)
    {
        var folder = Folder(options);
        var file = Path.Combine(folder, "access.json");
        if (!File.Exists(file))
        {
            var fresh = Path.Combine(folder, $"access.{Environment.ProcessId}");
            using (var stream = new FileStream(fresh, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite }))
            {
                JsonSerializer.Serialize(stream, new MesosAccess("drover", RandomNumberGenerator.GetHexString(40)));
            }

            // Two processes may be here at once: the first stays.
            File.Move(fresh, file, overwrite: false);
        }

        return JsonSerializer.Deserialize<MesosAccess>(File.ReadAllText(file)) ?? throw new InvalidDataException($"{file} is empty; remove it and start again.");
    }

    /// <summary>Tells the other processes of this folder where the master answers.</summary>
    public static void AnnounceMaster(DaemonOptions options, Uri master)
    {
        var fresh = Path.Combine(Folder(options), MasterFile + ".new");
        File.WriteAllText(fresh, master.AbsoluteUri);
        File.Move(fresh, Path.Combine(Folder(options), MasterFile), overwrite: true);
    }

    /// <summary>Where this folder's master answers; null before it ran for the first time.</summary>
    public static Uri? FindMaster(DaemonOptions options)
    {
        var file = Path.Combine(Folder(options), MasterFile);
        return File.Exists(file) ? new Uri(File.ReadAllText(file)) : null;
    }

    private static string Folder(DaemonOptions options) => Directory.CreateDirectory(options.DataPath("mesos")).FullName;
}
