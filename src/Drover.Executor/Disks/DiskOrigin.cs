namespace Drover.Executor.Disks;

/// <summary>What a machine's own disk lies upon, and what the machine boots with: its image's files and, for a copy, its template's disk, by role.</summary>
/// <remarks>They are kept beside the disk, because the image cache and the store of templates may throw theirs away when no task uses them.</remarks>
internal sealed record DiskOrigin(IReadOnlyDictionary<string, string> Paths)
{
    /// <summary>The folder in a sandbox or beside kept disks; files are named by their roles.</summary>
    internal const string FolderName = "origin";

    internal const string Template = "template";

    internal static DiskOrigin None { get; } = new(new Dictionary<string, string>(StringComparer.Ordinal));

    internal static DiskOrigin In(string folder) => Directory.Exists(Path.Combine(folder, FolderName))
        ? new(Directory.EnumerateFiles(Path.Combine(folder, FolderName)).ToDictionary(path => Path.GetFileName(path), path => path, StringComparer.Ordinal))
        : None;

    internal string? TemplateDisk => Paths.GetValueOrDefault(Template);

    /// <summary>Gives the files a second name below the folder.</summary>
    internal void LinkInto(string folder)
    {
        if (Paths.Count == 0)
        {
            return;
        }

        var target = Directory.CreateDirectory(Path.Combine(folder, FolderName)).FullName;
        foreach (var (role, path) in Paths)
        {
            FileLinks.Make(path, Path.Combine(target, role));
        }
    }
}
