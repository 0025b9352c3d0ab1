using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace Drover.Server.Images;

/// <summary>Turns a raw disk into qcow2 with QEMU's own tool, which is told the format and so reads nothing into the content.</summary>
/// <remarks>Limits of memory, time and file size because the content comes from anywhere.</remarks>
internal static class RawConversion
{
    private const long MemoryBytes = 4L << 30;
    private static readonly TimeSpan Processor = TimeSpan.FromHours(1);

    /// <exception cref="ImageException">The tool is missing or fails.</exception>
    public static async Task RunAsync(string source, string target, CancellationToken cancellationToken)
    {
        string[] limits = [$"--as={Number(MemoryBytes)}", $"--cpu={Number((long)Processor.TotalSeconds)}", $"--fsize={Number(new FileInfo(source).Length + (1L << 30))}"];
        var start = new ProcessStartInfo("prlimit", [.. limits, "--", "qemu-img", "convert", "-f", "raw", "-O", "qcow2", source, target])
        {
            UseShellExecute = false,
            RedirectStandardError = true,
            RedirectStandardOutput = true,
            RedirectStandardInput = true,
        };
        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            throw new ImageException("A raw disk must be converted, and prlimit cannot be started here. Install it (Debian: util-linux), or add the image as qcow2.", e);
        }

        using (process)
        {
            process.StandardInput.Close();
            var (output, errors) = (process.StandardOutput.ReadToEndAsync(CancellationToken.None), process.StandardError.ReadToEndAsync(CancellationToken.None));
            try
            {
                await process.WaitForExitAsync(cancellationToken);
            }
            catch (OperationCanceledException)
            {
                process.Kill();
                throw;
            }

            if (process.ExitCode != 0)
            {
                var said = (await errors + await output).Trim();
                throw new ImageException(process.ExitCode == 127 || said.Contains("qemu-img: No such file", StringComparison.Ordinal)
                    ? "A raw disk must be converted, and qemu-img is not installed here. Install it (Debian: qemu-utils), or add the image as qcow2."
                    : $"The raw disk could not be converted: {(said.Length > 0 ? said.Split('\n')[0] : $"qemu-img ended with {process.ExitCode}")}.");
            }
        }
    }

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
}
