using System.Net.Sockets;
using System.Runtime.InteropServices;
using Drover.Executor.Processes;
using Microsoft.Win32.SafeHandles;

namespace Drover.Executor.Machines;

/// <summary>A listening socket in the sandbox, whose path may be longer than the 107 bytes of a socket's address.</summary>
/// <remarks>Mesos' sandboxes lie deep. The address goes through <c>/proc/self/fd/N</c>, the open folder; whoever connects does so
/// with the folder as working directory.</remarks>
internal static class SandboxSocket
{
    internal static Socket Listen(string folder, string name)
    {
        File.Delete(Path.Combine(folder, name));
        using var handle = OpenFolder(folder);
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Bind(new UnixDomainSocketEndPoint(PathThrough(handle, name)));
            socket.Listen(4);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>A short path to the socket, good inside this process while the handle is open.</summary>
    internal static string PathThrough(SafeFileHandle folder, string name) => $"/proc/self/fd/{folder.DangerousGetHandle()}/{name}";

    /// <exception cref="IOException">There is no such folder.</exception>
    internal static SafeFileHandle OpenFolder(string folder)
    {
        var descriptor = LibC.Open(folder, LibC.OpenPath | LibC.OpenCloseOnExec, 0);
        return descriptor >= 0
            ? new SafeFileHandle(descriptor, ownsHandle: true)
            : throw new IOException($"cannot open '{folder}': {Marshal.GetLastPInvokeErrorMessage()}");
    }
}
