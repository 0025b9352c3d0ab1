namespace Drover.Api.Machines;

/// <summary>The folder of guest images, which server, scheduler and <c>drover image build</c> share: one folder per image, named like it.</summary>
/// <remarks>An image is there when its folder has a <see cref="Manifest"/>; folders come and go whole, by renaming. Folders that begin with a dot are
/// being made or removed.</remarks>
public static class ImageFolder
{
    /// <summary>An <see cref="ImageManifest"/>.</summary>
    public const string Manifest = "manifest.json";

    /// <summary>Present when a verification found that a file is not what the manifest says: a sentence. Such an image is not given to machines.</summary>
    public const string Broken = "broken";

    public const int LongestName = 64;

    /// <summary>Letters, digits, dots, dashes and underscores, not beginning with a dot.</summary>
    public static bool IsName(string name) =>
        name.Length is > 0 and <= LongestName && name[0] != '.' && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_');

    /// <summary>The names of all images that can be used, sorted.</summary>
    public static IReadOnlyList<string> Usable(string folder) => [.. All(folder).Where(name => !File.Exists(Path.Combine(folder, name, Broken)))];

    /// <summary>The names of all images, sorted; also of broken ones.</summary>
    public static IReadOnlyList<string> All(string folder) => Directory.Exists(folder)
        ? [.. Directory.EnumerateDirectories(folder).Select(path => Path.GetFileName(path)).Where(name => IsName(name) && File.Exists(Path.Combine(folder, name, Manifest))).Order(StringComparer.Ordinal)]
        : [];
}
