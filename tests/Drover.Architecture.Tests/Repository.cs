using System.Xml.Linq;

namespace Drover.Architecture.Tests;

/// <summary>The checkout that these tests were built from.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    public static IEnumerable<string> Projects =>
        Directory.EnumerateFiles(Path.Combine(Root, "src"), "*.csproj", SearchOption.AllDirectories);

    public static IEnumerable<string> SourceFiles =>
        Directory.EnumerateFiles(Path.Combine(Root, "src"), "*.cs", SearchOption.AllDirectories)
            .Where(f => !f.Contains("/obj/", StringComparison.Ordinal) && !f.Contains("/bin/", StringComparison.Ordinal));

    public static string Name(string project) => Path.GetFileNameWithoutExtension(project);

    public static IEnumerable<string> References(string project) => Includes(project, "ProjectReference").Select(Path.GetFileNameWithoutExtension)!;

    public static IEnumerable<string> Packages(string project) => Includes(project, "PackageReference");

    private static IEnumerable<string> Includes(string project, string element) =>
        XDocument.Load(project).Descendants(element).Select(e => (string?)e.Attribute("Include")).OfType<string>();

    private static string FindRoot()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "Drover.slnx")))
        {
            directory = directory.Parent;
        }

        return directory?.FullName ?? throw new InvalidOperationException("These tests must run from inside a checkout.");
    }
}
