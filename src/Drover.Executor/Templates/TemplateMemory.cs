using System.Globalization;
using System.Runtime.InteropServices;
using Drover.Executor.Processes;
using Microsoft.Win32.SafeHandles;

namespace Drover.Executor.Templates;

/// <summary>A template's memory as one sealed memfd for all its copies on this computer, whoever's children they are.</summary>
/// <remarks>
/// Pages that no copy has written exist once. Nobody can write, shrink or grow it, its users' QEMU included: the seals are the kernel's.
/// Every executor that uses it keeps it open and says where in <c>KEY.holders/PID-START-FD</c>; a newcomer opens it through <c>/proc/PID/fd/FD</c> of one
/// that lives. Only without such a holder the file is read. One newcomer at a time, by a lock. An entry of the dead is removed by who finds it.
/// </remarks>
internal sealed class TemplateMemory(string folder, string key) : IDisposable
{
    private readonly string holders = Path.Combine(folder, key + ".holders");
    private SafeFileHandle? memory;
    private string? entry;

    private string Name => $"drover-{key}";

    /// <summary>Whether the memory was found with another executor, instead of being read from the disk.</summary>
    internal bool Shared { get; private set; }

    /// <summary>The sealed memory; open until this object is disposed.</summary>
    /// <exception cref="TemplateBrokenException">The file is not what was published.</exception>
    internal async Task<SafeFileHandle> OpenAsync(string path, TemplateFile expected, TimeProvider time, CancellationToken cancellationToken)
    {
        using var turn = FileLock.Open(Path.Combine(folder, key + ".ram"));
        await turn.TakeAsync(exclusive: true, time, null, cancellationToken);
        Directory.CreateDirectory(holders);
        memory = Find(expected.Size);
        Shared = memory is not null;
        memory ??= Fill(path, expected, cancellationToken);
        entry = Path.Combine(holders, string.Create(
            CultureInfo.InvariantCulture, $"{Environment.ProcessId}-{ProcessIdentity.StartTimeOf(Environment.ProcessId)}-{memory.DangerousGetHandle()}"));
        File.WriteAllBytes(entry, []);
        return memory;
    }

    public void Dispose()
    {
        if (entry is not null)
        {
            File.Delete(entry);
        }

        memory?.Dispose();
    }

    /// <summary>Empty memory of a size, for a machine that is to become a template; not sealed.</summary>
    internal static SafeFileHandle Create(string name, long bytes)
    {
        var descriptor = LibC.CreateMemory(name, LibC.MemoryCloseOnExec | LibC.MemoryMayBeSealed);
        if (descriptor < 0)
        {
            throw new IOException($"cannot make memory: {Marshal.GetLastPInvokeErrorMessage()}");
        }

        var handle = new SafeFileHandle(descriptor, ownsHandle: true);
        if (LibC.SetLength(descriptor, bytes) == 0)
        {
            return handle;
        }

        var fault = Marshal.GetLastPInvokeErrorMessage();
        handle.Dispose();
        throw new IOException($"cannot make memory of {bytes} bytes: {fault}");
    }

    private SafeFileHandle? Find(long bytes)
    {
        foreach (var path in Directory.EnumerateFiles(holders).ToArray())
        {
            var parts = Path.GetFileName(path).Split('-');
            if (parts.Length == 3 && int.TryParse(parts[0], CultureInfo.InvariantCulture, out var pid) && int.TryParse(parts[2], CultureInfo.InvariantCulture, out var descriptor)
                && ProcessIdentity.StartTimeOf(pid)?.ToString(CultureInfo.InvariantCulture) == parts[1])
            {
                if (OpenOf(pid, descriptor, bytes) is { } found)
                {
                    return found;
                }
            }
            else
            {
                File.Delete(path);
            }
        }

        return null;
    }

    /// <summary>Null unless it is this very memory, sealed: a number may be another file by now.</summary>
    private SafeFileHandle? OpenOf(int pid, int descriptor, long bytes)
    {
        var path = string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/fd/{descriptor}");
        var opened = LibC.Open(path, LibC.OpenReadOnly | LibC.OpenCloseOnExec, 0);
        if (opened < 0)
        {
            return null;
        }

        var handle = new SafeFileHandle(opened, ownsHandle: true);
        var target = File.ResolveLinkTarget($"/proc/self/fd/{opened}", returnFinalTarget: false)?.FullName;
        if (target?.StartsWith($"/memfd:{Name} ", StringComparison.Ordinal) == true
            && LibC.Control(opened, LibC.GetSeals, 0) == LibC.AllSeals && RandomAccess.GetLength(handle) == bytes)
        {
            return handle;
        }

        handle.Dispose();
        return null;
    }

    private SafeFileHandle Fill(string path, TemplateFile expected, CancellationToken cancellationToken)
    {
        var handle = Create(Name, expected.Size);
        try
        {
            using var file = File.OpenHandle(path);
            if (SparseCopy.Run(file, handle, expected.Size, cancellationToken) != expected.Sha256)
            {
                throw new TemplateBrokenException("its memory has changed.");
            }

            if (LibC.Control((int)handle.DangerousGetHandle(), LibC.AddSeals, LibC.AllSeals) != 0)
            {
                throw new IOException($"cannot seal memory: {Marshal.GetLastPInvokeErrorMessage()}");
            }

            return handle;
        }
        catch (IOException e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            handle.Dispose();
            throw new TemplateBrokenException("its memory is gone.", e);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }
}
