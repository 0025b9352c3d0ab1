using Drover.Testing;

namespace Drover.Cluster.Tests;

/// <summary>A server's data folder that was set up once, so that hundreds of clusters need not do it again.</summary>
internal sealed class Template : IDisposable
{
    private Template(string path) => Path = path;

    public string Path { get; }

    public static async Task<Template> MakeAsync(CancellationToken token)
    {
        var path = Directory.CreateTempSubdirectory("drover-template-").FullName;
        await using var cluster = await TestCluster.StartAsync(new TestClusterOptions(), token);
        await cluster.CopyServerAsync(path, token);
        return new Template(path);
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
