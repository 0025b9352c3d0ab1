using Microsoft.Extensions.Time.Testing;

namespace Drover.Server.Tests.Harness;

/// <summary>A data folder that a server was started on once; tests get copies, which is much quicker than migrating each time.</summary>
internal static class TemplateData
{
    private static readonly Lazy<Task<string>> Made = new(MakeAsync);

    public static string NewDirectory() => Directory.CreateDirectory(Path.Combine(Path.GetTempPath(), $"server-test-{Guid.NewGuid():N}")).FullName;

    public static async Task<string> CopyAsync()
    {
        var source = await Made.Value;
        var target = NewDirectory();
        foreach (var folder in Directory.EnumerateDirectories(source, "*", SearchOption.AllDirectories))
        {
            Directory.CreateDirectory(folder.Replace(source, target, StringComparison.Ordinal));
        }

        foreach (var file in Directory.EnumerateFiles(source, "*", SearchOption.AllDirectories))
        {
            File.Copy(file, file.Replace(source, target, StringComparison.Ordinal));
        }

        return target;
    }

    private static async Task<string> MakeAsync()
    {
        var directory = NewDirectory();
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(directory, recursive: true);
        var app = await TestServer.StartAppAsync(TestServer.TestOptions(directory), new FakeTimeProvider(TestServer.Noon - TimeSpan.FromDays(1)));
        await app.StopAsync();
        await app.DisposeAsync();
        return directory;
    }
}
