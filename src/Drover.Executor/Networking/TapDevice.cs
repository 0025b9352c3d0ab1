using System.Runtime.InteropServices;
using System.Text;
using Drover.Executor.Machines;
using Drover.Executor.Processes;
using Microsoft.Win32.SafeHandles;

namespace Drover.Executor.Networking;

/// <summary>A tap device: a network card of this computer whose wire is an open file (Linux, Documentation/networking/tuntap.rst).</summary>
/// <remarks>It is not persistent: it exists while somebody has it open, which are this process and its QEMU, so no death leaves one behind.</remarks>
internal static class TapDevice
{
    private const string Device = "/dev/net/tun";

    /// <summary><c>_IOW('T', 202, int)</c> (linux/if_tun.h).</summary>
    private const nuint SetInterface = 0x400454ca;

    /// <summary>Ethernet frames, nothing before them but the virtio header, which lets guests leave checksums and segmentation to the computer.</summary>
    private const short TapNoInformationVirtioHeader = 0x0002 | 0x1000 | 0x4000;

    /// <summary>Its name on this computer, found again by the machine's external id. A name of Linux has at most 15 letters.</summary>
    internal static string NameOf(string externalId) => "dv" + externalId.Replace("-", "", StringComparison.Ordinal)[..13];

    /// <summary>Null when this process may make one, else the reason.</summary>
    internal static string? WhyNot() => !File.Exists(Device) ? $"{Device} does not exist (the kernel module 'tun' is not loaded, or a container hides it)"
        : LibC.Access(Device, LibC.AccessReadWrite) != 0 ? $"{Device} may not be opened by this user"
        : null;

    /// <exception cref="MachineException">It cannot be made.</exception>
    internal static SafeFileHandle Open(string name)
    {
        var descriptor = LibC.Open(Device, LibC.OpenReadWrite | LibC.OpenCloseOnExec, 0);
        if (descriptor < 0)
        {
            throw new MachineException($"{Device} cannot be opened: {Marshal.GetLastPInvokeErrorMessage()}.");
        }

        var handle = new SafeFileHandle(descriptor, ownsHandle: true);

        // struct ifreq: 16 bytes of name, then the flags (linux/if.h).
        var request = new byte[40];
        Encoding.ASCII.GetBytes(name, request);
        MemoryMarshal.Write(request.AsSpan(16), TapNoInformationVirtioHeader);
        if (LibC.Control(descriptor, SetInterface, request) < 0)
        {
            var error = Marshal.GetLastPInvokeErrorMessage();
            handle.Dispose();
            throw new MachineException($"The tap device '{name}' cannot be made: {error}.");
        }

        return handle;
    }

    /// <summary>Opens it and plugs it into a bridge.</summary>
    internal static async Task<SafeFileHandle> OpenAsync(string name, string bridge, CancellationToken cancellationToken)
    {
        var handle = Open(name);
        try
        {
            // A bridge without an address of its own takes the lowest of its ports': ours must never be that.
            var high = "fe" + MacAddress.Of(name)[2..];
            await NetworkTool.RunAsync("ip", ["link", "set", "dev", name, "address", high, "addrgenmode", "none", "master", bridge, "up"], cancellationToken);
            return handle;
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>The guest's card on it.</summary>
    internal static NetworkCard Card(string externalId, SafeFileHandle tap) => new()
    {
        Id = "net0",
        Mac = MacAddress.Of(externalId),
        Tap = tap,
        TapName = NameOf(externalId),
        Backend = json =>
        {
            json.WriteString("type", "tap");
            json.WriteString("fd", tap.DangerousGetHandle().ToString(System.Globalization.CultureInfo.InvariantCulture));
        },
    };
}
