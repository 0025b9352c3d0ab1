using System.Security.Cryptography;
using System.Text.Json.Nodes;

[assembly: AssemblyFixture(typeof(Drover.Scenarios.Tests.RunCache))]

namespace Drover.Scenarios.Tests;

/// <summary>The cache folder (<c>--cache</c>) that the instances of one test run share: images are copied once, and the template of the standard size is made once.</summary>
/// <remarks><c>./drover test</c> names one for all its programs (<c>DROVER_TEST_CACHE</c>), made anew for each run; a test program that is started alone has its own.
/// What is in it was made, and is verified, by the product: nothing here is a way around.</remarks>
public sealed class RunCache : IDisposable
{
    private const string Variable = "DROVER_TEST_CACHE";
    private const int StandardCpus = 1;
    private const long StandardMemory = 1L << 30;

    private static readonly string? Own = Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } ? null : MakeOwn();
    private static readonly Lazy<Task> Made = new(() => MakeAsync(TestContext.Current.CancellationToken));

    internal static string Folder => Environment.GetEnvironmentVariable(Variable)!;

    /// <summary>Returns when the template of machines that name no size is there.</summary>
    internal static Task TemplateAsync(CancellationToken cancellationToken) => Made.Value.WaitAsync(cancellationToken);

    public void Dispose()
    {
        if (Own is not null)
        {
            Directory.Delete(Own, recursive: true);
        }
    }

    /// <summary>Named to children as well: a test in a namespace of its own is this program once more.</summary>
    private static string MakeOwn()
    {
        var folder = Directory.CreateTempSubdirectory("drover-run-cache-").FullName;
        Environment.SetEnvironmentVariable(Variable, folder);
        return folder;
    }

    /// <summary>The pool makes it before it keeps a spare.</summary>
    private static async Task MakeAsync(CancellationToken cancellationToken)
    {
        if (IsThere())
        {
            return;
        }

        await using var drover = DroverInstance.Create();
        await drover.UpAsync(cancellationToken, "--no-host", "--warm", "1");
        await Eventually.BecomesAsync(
            "the template is made",
            () => drover.MustAsync(cancellationToken, "pool", "ls", "--format", "json"),
            pool =>
            {
                var template = JsonNode.Parse(pool.Output)!.AsArray().FirstOrDefault(member => (string?)member!["kind"] == "template");
                Assert.True((string?)template?["state"] != "failed" && (template?["failures"]?.GetValue<int>() ?? 0) == 0, $"{template}");
                return (string?)template?["state"] == "made";
            },
            TimeSpan.FromMinutes(5),
            cancellationToken);
        Assert.True(IsThere(), "the pool tells of a template that is not in the cache");
    }

    private static bool IsThere()
    {
        var templates = Path.Combine(Folder, "templates");
        var image = Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(Path.Combine(DroverInstance.Home, "artifacts", "images", "drover", "manifest.json"))));
        return Directory.Exists(templates) && Directory.EnumerateDirectories(templates).Select(path => Path.Combine(path, "template.json")).Where(File.Exists)
            .Select(path => JsonNode.Parse(File.ReadAllText(path))!["facts"]!)
            .Any(facts => (string?)facts["imageDigest"] == image && facts["cpus"]!.GetValue<int>() == StandardCpus && facts["memoryBytes"]!.GetValue<long>() == StandardMemory);
    }
}
