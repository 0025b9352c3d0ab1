namespace Drover.LocalMesos;

/// <summary>Where an executor's files are: <c>WORK/slaves/AGENT/frameworks/FRAMEWORK/executors/EXECUTOR/runs/CONTAINER</c>, and <c>runs/latest</c>.</summary>
internal sealed class SandboxLayout(string workDirectory)
{
    public string WorkDirectory { get; } = Path.GetFullPath(workDirectory);

    public string Root => Path.Combine(WorkDirectory, "slaves");

    public string Runs(string agentId, string frameworkId, string executorId) =>
        Path.Combine(Root, agentId, "frameworks", frameworkId, "executors", executorId, "runs");

    public string Of(string agentId, string frameworkId, string executorId, string containerId) =>
        Path.Combine(Runs(agentId, frameworkId, executorId), containerId);

    /// <summary>Makes the folder, its output files and the link <c>latest</c>. May run twice.</summary>
    public static void Create(string sandbox)
    {
        var runs = Path.GetDirectoryName(sandbox)!;
        Directory.CreateDirectory(runs);
        Directory.CreateDirectory(sandbox, (UnixFileMode)0b111_101_000);
        foreach (var output in (ReadOnlySpan<string>)["stdout", "stderr"])
        {
            using var file = new FileStream(Path.Combine(sandbox, output), FileMode.Append);
        }

        // Replaced in one step, so that a reader always finds one.
        var link = Path.Combine(runs, "latest");
        var temporary = Path.Combine(runs, $".latest-{Path.GetFileName(sandbox)}");
        File.Delete(temporary);
        File.CreateSymbolicLink(temporary, Path.GetFileName(sandbox));
        PosixProcess.Rename(temporary, link);
    }
}
