using System.Text;
using System.Text.Json;
using Drover.Executor.Machines;
using Microsoft.Win32.SafeHandles;

namespace Drover.Executor.Networking;

/// <summary>Where the guest's cards go, and how the guest sees it.</summary>
internal sealed record NetworkPort(IReadOnlyList<NetworkCard> Cards, GuestNetwork Guest)
{
    /// <summary>Descriptors that QEMU must inherit at its start under the same number, also if the cards are plugged later.</summary>
    internal IReadOnlyList<SafeFileHandle> Inherited => [.. Cards.Select(card => card.Tap).OfType<SafeFileHandle>()];
}

/// <summary>One card of the guest: for QEMU's command line, or to plug into a QEMU that runs.</summary>
/// <remarks>The back end is JSON, which <c>-netdev</c> and the monitor's <c>netdev_add</c> both take (QEMU 7.2 or newer).</remarks>
internal sealed record NetworkCard
{
    /// <summary>The back end's id; the device's is <c>card-</c> and this.</summary>
    public required string Id { get; init; }

    /// <summary>Lower case, with colons.</summary>
    public required string Mac { get; init; }

    /// <summary>The members of the back end beside its id.</summary>
    public required Action<Utf8JsonWriter> Backend { get; init; }

    /// <summary>The open tap device, if it is one.</summary>
    public SafeFileHandle? Tap { get; init; }

    /// <summary>Its name on this computer.</summary>
    public string? TapName { get; init; }

    internal string DeviceId => "card-" + Id;

    /// <summary>For QEMU's command line.</summary>
    /// <param name="bus">The root port that the card is plugged into; null for the machine's own bus.</param>
    internal IReadOnlyList<string> Arguments(string? bus = null) =>
    [
        "-netdev", BackendJson(),
        "-device", $"virtio-net-pci,id={DeviceId},netdev={Id},mac={Mac},romfile={(bus is null ? "" : ",bus=" + bus)}",
    ];

    /// <summary>The members of the arguments of <c>netdev_add</c>.</summary>
    internal void WriteBackend(Utf8JsonWriter json)
    {
        json.WriteString("id", Id);
        Backend(json);
    }

    /// <summary>The members of the arguments of <c>device_add</c>.</summary>
    internal void WriteDevice(Utf8JsonWriter json, string bus)
    {
        json.WriteString("driver", "virtio-net-pci");
        json.WriteString("id", DeviceId);
        json.WriteString("netdev", Id);
        json.WriteString("mac", Mac);
        json.WriteString("romfile", "");
        json.WriteString("bus", bus);
    }

    private string BackendJson()
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            WriteBackend(json);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }
}
