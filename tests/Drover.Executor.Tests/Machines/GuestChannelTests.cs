using System.Net.Sockets;
using System.Text;
using Drover.Api.Agents;
using Drover.Executor.Machines;

namespace Drover.Executor.Tests.Machines;

public sealed class GuestChannelTests
{
    [Fact]
    public async Task Read_LinesInPieces_GivesMessagesAndSkipsWhatIsNone()
    {
        using var folder = new TestFolder();
        using var channel = new GuestChannel(folder.Path, TimeProvider.System);
        await using var messages = channel.ReadAsync(CancellationToken.None).GetAsyncEnumerator(TestContext.Current.CancellationToken);
        using var guest = Connect(folder.Path);
        guest.Send("{\"type\":\"hel"u8);
        guest.Send("lo\",\"protocol\":1}\nno json\n[]\n"u8);
        guest.Send(Encoding.UTF8.GetBytes($"{{\"type\":\"stage\",\"message\":\"{new string('x', GuestMessage.MaxLineBytes)}\"}}\n"));
        guest.Send("{\"type\":\"ready\"}\n"u8);

        Assert.True(await messages.MoveNextAsync());
        Assert.Equal((GuestMessage.Hello, 1), (messages.Current.Type, messages.Current.Protocol));
        Assert.True(await messages.MoveNextAsync());
        Assert.Equal(GuestMessage.Ready, messages.Current.Type);
    }

    [Fact]
    public async Task Read_GuestComesBack_GoesOnWithTheNewConnection()
    {
        using var folder = new TestFolder();
        using var channel = new GuestChannel(folder.Path, TimeProvider.System);
        await using var messages = channel.ReadAsync(CancellationToken.None).GetAsyncEnumerator(TestContext.Current.CancellationToken);
        using (var first = Connect(folder.Path))
        {
            first.Send("{\"type\":\"hello\"}\n"u8);
            Assert.True(await messages.MoveNextAsync());
        }

        using var second = Connect(folder.Path);
        second.Send("{\"type\":\"ready\"}\n"u8);

        Assert.True(await messages.MoveNextAsync());
        Assert.Equal(GuestMessage.Ready, messages.Current.Type);
    }

    [Fact]
    public async Task Send_Connected_ArrivesAsOneLine()
    {
        using var folder = new TestFolder();
        using var channel = new GuestChannel(folder.Path, TimeProvider.System);
        await using var messages = channel.ReadAsync(CancellationToken.None).GetAsyncEnumerator(TestContext.Current.CancellationToken);
        using var guest = Connect(folder.Path);
        guest.Send("{\"type\":\"hello\"}\n"u8);
        await messages.MoveNextAsync();

        Assert.True(await channel.SendAsync(new GuestMessage { Type = GuestMessage.Identity }, TestContext.Current.CancellationToken));

        var buffer = new byte[100];
        Assert.Equal("{\"type\":\"identity\"}\n", Encoding.UTF8.GetString(buffer, 0, guest.Receive(buffer)));
    }

    [Fact]
    public async Task Send_NobodyThere_SaysSo()
    {
        using var folder = new TestFolder();
        using var channel = new GuestChannel(folder.Path, TimeProvider.System);

        Assert.False(await channel.SendAsync(new GuestMessage { Type = GuestMessage.Identity }, TestContext.Current.CancellationToken));
    }

    [Fact]
    public void Listen_PathLongerThanASocketAddress_Works()
    {
        using var folder = new TestFolder();
        var deep = Directory.CreateDirectory(Path.Combine(folder.Path, new string('a', 100), new string('b', 100))).FullName;

        using var socket = SandboxSocket.Listen(deep, "agent.sock");

        Assert.True(File.Exists(Path.Combine(deep, "agent.sock")));
    }

    private static Socket Connect(string folder)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Connect(new UnixDomainSocketEndPoint(Path.Combine(folder, GuestChannel.SocketName)));
        return socket;
    }
}
