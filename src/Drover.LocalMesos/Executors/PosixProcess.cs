using System.Runtime.InteropServices;

namespace Drover.LocalMesos;

/// <summary>The system calls that process supervision needs.</summary>
internal static unsafe partial class PosixProcess
{
    private const int SigKill = 9, Eintr = 4;
    private const short SpawnSigDef = 0x04, SpawnSigMask = 0x08, SpawnSetSid = 0x80;
    /// <summary>Held while a child is started: until its program is loaded it has copies of all our descriptors.</summary>
    private static readonly Lock s_starting = new();

    private const int OpenRead = 0, OpenWrite = 1, OpenCreate = 0x40, OpenAppend = 0x400;

    /// <summary>Starts a program in a session of its own: signals at their defaults, stdin from nowhere, stdout and stderr appended to files, nothing else inherited.</summary>
    /// <returns>0 and the pid, or an error number.</returns>
    public static int Spawn(string program, string directory, string stdout, string stderr, IEnumerable<string> arguments, IEnumerable<string> environment, out int pid)
    {
        using var argv = new StringVector(arguments);
        using var envp = new StringVector(environment);
        // Opaque structures; these sizes are above glibc's and musl's.
        var actions = stackalloc byte[512];
        var attributes = stackalloc byte[1024];
        var signals = stackalloc byte[256];
        _ = posix_spawn_file_actions_init(actions);
        _ = posix_spawnattr_init(attributes);
        try
        {
            _ = posix_spawn_file_actions_addopen(actions, 0, "/dev/null", OpenRead, 0);
            _ = posix_spawn_file_actions_addopen(actions, 1, stdout, OpenWrite | OpenCreate | OpenAppend, 0b110_100_100);
            _ = posix_spawn_file_actions_addopen(actions, 2, stderr, OpenWrite | OpenCreate | OpenAppend, 0b110_100_100);
            _ = posix_spawn_file_actions_addchdir_np(actions, directory);
            _ = posix_spawnattr_setflags(attributes, SpawnSetSid | SpawnSigDef | SpawnSigMask);
            _ = sigemptyset(signals);
            _ = posix_spawnattr_setsigmask(attributes, signals);
            // The runtime ignores SIGPIPE; a shell would inherit that.
            _ = sigfillset(signals);
            _ = posix_spawnattr_setsigdefault(attributes, signals);
            lock (s_starting)
            {
                return posix_spawn(out pid, program, actions, attributes, argv.Pointer, envp.Pointer);
            }
        }
        finally
        {
            _ = posix_spawn_file_actions_destroy(actions);
            _ = posix_spawnattr_destroy(attributes);
        }
    }

    /// <summary>Returns when no child has a copy of a descriptor that was closed before: a program that somebody has open for writing cannot be run.</summary>
    public static void AwaitStarts()
    {
        lock (s_starting)
        {
        }
    }

    public static void Kill(int pid) => _ = kill(pid, SigKill);

    /// <summary>Blocks until a child has ended, without reaping it: its pid stays taken until <see cref="Reap"/>.</summary>
    public static void WaitForChild(int pid)
    {
        const int ById = 1, Exited = 4, NoWait = 0x01000000;
        var info = stackalloc byte[256];
        while (waitid(ById, (uint)pid, info, Exited | NoWait) != 0 && Marshal.GetLastPInvokeError() == Eintr)
        {
        }
    }

    /// <summary>The wait word of an ended child; -1 when it is no child of ours.</summary>
    public static int Reap(int pid)
    {
        int result, status;
        do
        {
            result = waitpid(pid, out status, 0);
        }
        while (result < 0 && Marshal.GetLastPInvokeError() == Eintr);
        return result == pid ? status : -1;
    }

    /// <summary>A descriptor that becomes readable when the process ends; -1 when there is no such process.</summary>
    public static int OpenProcess(int pid) => (int)syscall(434, pid, 0);

    /// <summary>Blocks until the process of <see cref="OpenProcess"/> has ended, and closes the descriptor.</summary>
    public static void WaitForProcess(int descriptor)
    {
        var wait = new PollDescriptor { Descriptor = descriptor, Events = 1 };
        while (poll(&wait, 1, -1) < 0 && Marshal.GetLastPInvokeError() == Eintr)
        {
        }

        _ = close(descriptor);
    }

    /// <summary>A path without links and dots; null when it does not exist.</summary>
    public static string? RealPath(string path)
    {
        var resolved = realpath(path, null);
        if (resolved is null)
        {
            return null;
        }

        var text = Marshal.PtrToStringUTF8((nint)resolved);
        NativeMemory.Free(resolved);
        return text;
    }

    /// <summary>Gives a file, folder or link another name in one step, in the place of what has that name now.</summary>
    /// <exception cref="IOException">It could not be renamed.</exception>
    public static void Rename(string from, string to)
    {
        if (rename(from, to) != 0)
        {
            throw new IOException($"{from} could not be renamed to {to}: {ErrorText(Marshal.GetLastPInvokeError())}");
        }
    }

    public static string ErrorText(int error) => Marshal.GetPInvokeErrorMessage(error);

    [StructLayout(LayoutKind.Sequential)]
    private struct PollDescriptor
    {
        public int Descriptor;
        public short Events;
        public short Returned;
    }

    private sealed class StringVector : IDisposable
    {
        private readonly int _count;

        public StringVector(IEnumerable<string> strings)
        {
            var list = strings.ToList();
            _count = list.Count;
            Pointer = (byte**)NativeMemory.AllocZeroed((nuint)(_count + 1), (nuint)sizeof(byte*));
            for (var i = 0; i < _count; i++)
            {
                Pointer[i] = (byte*)Marshal.StringToCoTaskMemUTF8(list[i]);
            }
        }

        public byte** Pointer { get; }

        public void Dispose()
        {
            for (var i = 0; i < _count; i++)
            {
                Marshal.FreeCoTaskMem((nint)Pointer[i]);
            }

            NativeMemory.Free(Pointer);
        }
    }

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int posix_spawn(out int pid, string path, byte* actions, byte* attributes, byte** argv, byte** envp);

    [LibraryImport("libc")]
    private static partial int posix_spawn_file_actions_init(byte* actions);

    [LibraryImport("libc")]
    private static partial int posix_spawn_file_actions_destroy(byte* actions);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int posix_spawn_file_actions_addopen(byte* actions, int descriptor, string path, int flags, int mode);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int posix_spawn_file_actions_addchdir_np(byte* actions, string path);

    [LibraryImport("libc")]
    private static partial int posix_spawnattr_init(byte* attributes);

    [LibraryImport("libc")]
    private static partial int posix_spawnattr_destroy(byte* attributes);

    [LibraryImport("libc")]
    private static partial int posix_spawnattr_setflags(byte* attributes, short flags);

    [LibraryImport("libc")]
    private static partial int posix_spawnattr_setsigmask(byte* attributes, byte* signals);

    [LibraryImport("libc")]
    private static partial int posix_spawnattr_setsigdefault(byte* attributes, byte* signals);

    [LibraryImport("libc")]
    private static partial int sigemptyset(byte* signals);

    [LibraryImport("libc")]
    private static partial int sigfillset(byte* signals);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int kill(int pid, int signal);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int waitid(int type, uint id, byte* info, int options);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int waitpid(int pid, out int status, int options);

    [LibraryImport("libc", SetLastError = true)]
    private static partial long syscall(long number, long first, long second);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int poll(PollDescriptor* descriptors, ulong count, int timeout);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial byte* realpath(string path, byte* resolved);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int rename(string from, string to);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int close(int descriptor);
}
