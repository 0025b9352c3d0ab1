using System.ComponentModel;
using System.Diagnostics;

namespace Drover.Agent.Guest;

/// <summary>Lets the root file system take a disk that has grown, by the script that Drover's image runs at each start as well.</summary>
internal static class DiskGrowth
{
    private const string Script = "/usr/lib/drover/grow";

    /// <returns>Null, or a sentence why it did not.</returns>
    internal static async Task<string?> RunAsync(CancellationToken cancellationToken)
    {
        if (!File.Exists(Script))
        {
            return "the disk has grown; this system takes it at its next start, if it does so at all";
        }

        try
        {
            using var process = Process.Start(Script);
            await process.WaitForExitAsync(cancellationToken);
            return process.ExitCode == 0 ? null : $"the file system could not take the whole disk: '{Script}' ended with {process.ExitCode}";
        }
        catch (Win32Exception e)
        {
            return $"the file system could not take the whole disk: {e.Message}";
        }
    }
}
