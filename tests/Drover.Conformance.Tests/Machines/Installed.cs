namespace Drover.Conformance.Tests.Machines;

/// <summary>What this computer and checkout have for the tests that need more than .NET.</summary>
internal static class Installed
{
    /// <summary>The guest agent's program, or null.</summary>
    internal static string? Agent => Find("DROVER_TEST_AGENT", "drover/drover-agent", "bin/Drover.Agent/debug/drover-agent", "publish/Drover.Agent/release_linux-x64/drover-agent");

    /// <summary>The folder of a built guest image, or null.</summary>
    internal static string? Image => Find("DROVER_TEST_IMAGE", "images/drover/manifest.json") is { } path ? (Directory.Exists(path) ? path : Path.GetDirectoryName(path)) : null;

    /// <summary>The executor's program as it ships, or null when only the one built with the tests is there.</summary>
    internal static string? NativeExecutor => Find("DROVER_TEST_EXECUTOR", "drover/drover-executor");

    /// <summary>An executor to start: the native one if there is one.</summary>
    internal static string Executor => NativeExecutor ?? Path.Combine(AppContext.BaseDirectory, "drover-executor");

    internal static bool InPath(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, program)));

    private static string? Find(string variable, params string[] below)
    {
        if (Environment.GetEnvironmentVariable(variable) is { Length: > 0 } told)
        {
            return told;
        }

        // …/artifacts/bin/PROJECT/debug/ → …/artifacts
        var artifacts = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../../.."));
        return below.Select(path => Path.Combine(artifacts, path)).FirstOrDefault(File.Exists);
    }
}
