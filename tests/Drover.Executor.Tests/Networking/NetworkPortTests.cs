using System.Text;
using System.Text.Json;
using Drover.Executor.Networking;

namespace Drover.Executor.Tests.Networking;

public sealed class NetworkPortTests
{
    private static readonly NetworkCard Card = new() { Id = "net1", Mac = "52:54:00:01:02:03", Backend = json => json.WriteString("type", "user") };

    [Fact]
    public void Card_OnTheCommandLineAndInTheMonitor_IsTheSame()
    {
        Assert.Equal(
            ["-netdev", """{"id":"net1","type":"user"}""", "-device", "virtio-net-pci,id=card-net1,netdev=net1,mac=52:54:00:01:02:03,romfile=,bus=port0"],
            Card.Arguments("port0"));
        Assert.Equal("""{"id":"net1","type":"user"}""", Json(Card.WriteBackend));
        Assert.Equal(
            """{"driver":"virtio-net-pci","id":"card-net1","netdev":"net1","mac":"52:54:00:01:02:03","romfile":"","bus":"port0"}""",
            Json(json => Card.WriteDevice(json, "port0")));
    }

    [Fact]
    public void Mac_OfAMachine_IsStableOwnAndLocal()
    {
        var one = MacAddress.Of("6b8e0c0e-6a0c-4d0b-9d0e-0f6f3b1c7a11");

        Assert.Equal(one, MacAddress.Of("6b8e0c0e-6a0c-4d0b-9d0e-0f6f3b1c7a11"));
        Assert.NotEqual(one, MacAddress.Of("6b8e0c0e-6a0c-4d0b-9d0e-0f6f3b1c7a12"));
        Assert.NotEqual(one, MacAddress.Of("6b8e0c0e-6a0c-4d0b-9d0e-0f6f3b1c7a11", card: 1));
        Assert.Matches("^52:54:00(:[0-9a-f]{2}){3}$", one);
    }

    private static string Json(Action<Utf8JsonWriter> members)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            members(json);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }
}
