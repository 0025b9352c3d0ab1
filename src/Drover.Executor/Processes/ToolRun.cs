using System.ComponentModel;
using System.Text;

namespace Drover.Executor.Processes;

/// <summary>Runs a short program to its end and keeps the first part of what it wrote.</summary>
internal static class ToolRun
{
    private const int KeptBytes = 64 * 1024;

    /// <summary>Cancelling kills the program and waits until it is gone.</summary>
    /// <exception cref="Win32Exception">It cannot be started.</exception>
    internal static async Task<ToolResult> RunAsync(ProcessSpec spec, CancellationToken cancellationToken)
    {
        using var child = await ChildProcess.StartAsync(spec);
        var output = ReadAsync(child.Output);
        var error = ReadAsync(child.Error);
        try
        {
            await child.Exited.WaitAsync(cancellationToken);
        }
        finally
        {
            child.Signal(LibC.SigKill);
            await child.Exited;
        }

        return new ToolResult(await child.Exited, await output, await error);
    }

    private static async Task<string> ReadAsync(Stream stream)
    {
        var kept = new MemoryStream();
        var buffer = new byte[4096];
        try
        {
            int read;
            while ((read = await stream.ReadAsync(buffer, CancellationToken.None)) > 0)
            {
                kept.Write(buffer, 0, (int)Math.Min(read, KeptBytes - kept.Length));
            }
        }
        catch (IOException)
        {
            // The other end is gone: what came is what there is.
        }

        return Encoding.UTF8.GetString(kept.GetBuffer(), 0, (int)kept.Length);
    }
}

/// <summary>What a program answered.</summary>
internal sealed record ToolResult(ProcessExit Exit, string Output, string Error)
{
    /// <summary>The first line with something in it, of the errors or else of the output: what a person needs first.</summary>
    public string FirstLine => (Error + "\n" + Output).Split('\n').FirstOrDefault(line => line.Trim().Length > 0)?.Trim() ?? Exit.ToString();
}
