using System.ComponentModel;
using System.Globalization;
using System.Text;
using Drover.Executor.Processes;
using Microsoft.Win32.SafeHandles;

namespace Drover.Executor.Accelerators;

/// <summary>Finds out whether KVM runs a guest by running one: the image's own kernel and initrd, which say so and power off.</summary>
/// <remarks><c>/dev/kvm</c> may exist, open and make virtual machines, and still not run an ordinary kernel (nested, paravirtual hosts).
/// With <c>drover.probe</c> on its command line the initrd prints <see cref="Word"/> on the serial console.</remarks>
internal sealed class AcceleratorProbe(string qemuProgram, TimeProvider time)
{
    internal const string Word = "DROVER-PROBE-OK";
    internal const string KernelArgument = "drover.probe";
    internal static readonly TimeSpan Deadline = TimeSpan.FromSeconds(5);

    internal async Task<ProbeResult> RunAsync(string kernelPath, string initrdPath, ProcessUser? user, CancellationToken cancellationToken)
    {
        using var kernel = File.OpenHandle(kernelPath);
        using var initrd = File.OpenHandle(initrdPath);
        ChildProcess child;
        try
        {
            child = await ChildProcess.StartAsync(new ProcessSpec
            {
                Program = qemuProgram,
                Arguments = Arguments(kernel, initrd),
                Inherited = [kernel, initrd],
                User = user,
                DiesWithParent = true,
            });
        }
        catch (Win32Exception e)
        {
            return new ProbeResult(false, e.Message, Certain: false);
        }

        using (child)
        {
            return await WatchAsync(child, cancellationToken);
        }
    }

    private async Task<ProbeResult> WatchAsync(ChildProcess child, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(Deadline, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        var said = WordAsync(child.Output);
        var errors = FirstLineAsync(child.Error);
        var late = false;
        try
        {
            await said.WaitAsync(either.Token);
        }
        catch (OperationCanceledException)
        {
            late = true;
        }
        finally
        {
            child.Signal(LibC.SigKill);
        }

        var exit = await child.Exited;
        cancellationToken.ThrowIfCancellationRequested();
        return await said ? new ProbeResult(true, "", Certain: true)
            : late ? new ProbeResult(false, string.Create(CultureInfo.InvariantCulture, $"a test guest did not come up within {Deadline.TotalSeconds:0} seconds"), Certain: false)
            : new ProbeResult(false, $"it does not run a guest: {await errors ?? exit.ToString()}", Certain: true);
    }

    /// <summary>True when the word comes, false when the console ends without it.</summary>
    private static async Task<bool> WordAsync(Stream console)
    {
        var seen = new StringBuilder();
        var buffer = new byte[4096];
        try
        {
            int read;
            while ((read = await console.ReadAsync(buffer, CancellationToken.None)) > 0)
            {
                seen.Append(Encoding.ASCII.GetString(buffer, 0, read));
                if (seen.ToString().Contains(Word, StringComparison.Ordinal))
                {
                    return true;
                }

                seen.Remove(0, Math.Max(0, seen.Length - Word.Length));
            }
        }
        catch (IOException)
        {
        }

        return false;
    }

    private static async Task<string?> FirstLineAsync(Stream errors)
    {
        using var reader = new StreamReader(errors);
        try
        {
            return await reader.ReadLineAsync(CancellationToken.None);
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static IReadOnlyList<string> Arguments(SafeFileHandle kernel, SafeFileHandle initrd) =>
    [
        "-name", "drover-probe", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
        "-machine", "q35", "-accel", "kvm", "-cpu", "host", "-m", "256", "-smp", "1",
        "-kernel", $"/proc/self/fd/{kernel.DangerousGetHandle()}", "-initrd", $"/proc/self/fd/{initrd.DangerousGetHandle()}",
        "-append", $"console=ttyS0 quiet panic=1 {KernelArgument}",
        "-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console",
        "-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny",
    ];
}
