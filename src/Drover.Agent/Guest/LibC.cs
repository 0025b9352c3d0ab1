using System.Runtime.InteropServices;

namespace Drover.Agent.Guest;

/// <summary>The system calls that the framework has no words for. Numbers are those of Linux on x86-64 and arm64.</summary>
internal static partial class LibC
{
    public const int ReadWrite = 2;
    public const int NonBlocking = 0x800;
    public const int NoControllingTerminal = 0x100;
    public const int CloseOnExec = 0x80000;
    public const int DirectoryOnly = 0x10000;

    public const short PollIn = 1;
    public const short PollOut = 4;
    public const short PollError = 8;
    public const short PollHangUp = 16;

    public const int Interrupted = 4;
    public const int TryAgain = 11;

    /// <summary><c>_IOW('R', 3, int[2])</c>: adds bytes and counts them as entropy (linux/random.h).</summary>
    public const nuint AddEntropy = 0x40085203;

    /// <summary><c>_IO('R', 7)</c>: the generator takes a new seed from what was added (linux/random.h).</summary>
    public const nuint ReseedGenerator = 0x5207;

    /// <summary><c>_IOW('T', 0x31, int)</c>: locks or unlocks the other end of a pseudo-terminal (asm-generic/ioctls.h).</summary>
    public const nuint LockTerminal = 0x40045431;

    /// <summary><c>_IOR('T', 0x30, unsigned int)</c>: the number of the other end of a pseudo-terminal (asm-generic/ioctls.h).</summary>
    public const nuint TerminalNumber = 0x80045430;

    /// <summary><c>TIOCSWINSZ</c>: the size of a terminal (asm-generic/ioctls.h).</summary>
    public const nuint SetTerminalSize = 0x5414;

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Open(string path, int flags, int mode);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    public static partial int Close(int descriptor);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    public static partial nint Read(int descriptor, Span<byte> buffer, nuint count);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    public static partial nint Write(int descriptor, ReadOnlySpan<byte> buffer, nuint count);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    public static partial int Poll(ref PollDescriptor descriptors, nuint count, int milliseconds);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    public static partial int Sync(int descriptor);

    [LibraryImport("libc", EntryPoint = "sync")]
    public static partial void SyncAll();

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    public static partial int Control(int descriptor, nuint request, ReadOnlySpan<byte> argument);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    public static partial int Ask(int descriptor, nuint request, Span<byte> answer);

    [LibraryImport("libc", EntryPoint = "sethostname", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int SetHostname(string name, nuint length);

    [LibraryImport("libc", EntryPoint = "clock_settime", SetLastError = true)]
    public static partial int SetClock(int clock, in TimeSpecification time);

    /// <summary>The text of the calling thread's last error.</summary>
    public static string LastError() => Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError());

    [StructLayout(LayoutKind.Sequential)]
    public struct PollDescriptor
    {
        public int Descriptor;
        public short Wanted;
        public short Found;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct TimeSpecification
    {
        public long Seconds;
        public long Nanoseconds;
    }
}
