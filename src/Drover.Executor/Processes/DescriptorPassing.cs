using System.ComponentModel;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Drover.Executor.Processes;

/// <summary>Hands an open descriptor to the process at the other end of a Unix socket (unix(7), SCM_RIGHTS).</summary>
internal static unsafe class DescriptorPassing
{
    /// <summary>Sends bytes with a descriptor beside them; the other end gets a descriptor of its own to the same thing.</summary>
    /// <returns>How many bytes went; the descriptor went with the first.</returns>
    /// <exception cref="IOException">Nothing was sent.</exception>
    internal static int Send(Socket socket, ReadOnlySpan<byte> bytes, int descriptor)
    {
        fixed (byte* data = bytes)
        {
            var vector = new MessageVector { Data = data, Length = (nuint)bytes.Length };
            var control = new MessageControl { Length = 20, Level = LibC.SocketLevel, Type = LibC.SocketRights, Descriptor = descriptor };
            var message = new MessageHeader { Vectors = &vector, VectorCount = 1, Control = &control, ControlLength = (nuint)sizeof(MessageControl) };
            var sent = LibC.SendMessage((int)socket.SafeHandle.DangerousGetHandle(), &message, LibC.MessageNoSignal);
            return sent > 0 ? (int)sent : throw new IOException($"a descriptor cannot be passed: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}");
        }
    }
}

/// <summary>struct iovec.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct MessageVector
{
    internal byte* Data;
    internal nuint Length;
}

/// <summary>struct cmsghdr with one descriptor, as 64-bit Linux lays it out; padded to CMSG_SPACE.</summary>
[StructLayout(LayoutKind.Sequential, Size = 24)]
internal struct MessageControl
{
    internal nuint Length;
    internal int Level;
    internal int Type;
    internal int Descriptor;
}

/// <summary>struct msghdr, as 64-bit Linux lays it out.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct MessageHeader
{
    internal byte* Name;
    internal uint NameLength;
    internal MessageVector* Vectors;
    internal nuint VectorCount;
    internal MessageControl* Control;
    internal nuint ControlLength;
    internal int Flags;
}
