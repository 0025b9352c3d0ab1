using System.Net.Sockets;
using Drover.Agent.Docker;

namespace Drover.Agent.Tests.Guest;

public sealed class DockerStreamTests : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("drover-docker-");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task Reads_WaitForWhatComes_AndSeeTheEnd()
    {
        var (stream, docker) = await ConnectAsync();
        await using var connection = stream;
        var buffer = new byte[100];
        var first = stream.ReadAsync(buffer, Token).AsTask();
        Assert.False(first.IsCompleted);
        await docker.SendAsync("one"u8.ToArray(), Token);
        Assert.Equal(3, await first.WaitAsync(s_patience, Token));

        await docker.SendAsync("three"u8.ToArray(), Token);
        Assert.Equal(5, await stream.ReadAsync(buffer, Token).AsTask().WaitAsync(s_patience, Token));
        docker.Dispose();
        Assert.Equal(0, await stream.ReadAsync(buffer, Token).AsTask().WaitAsync(s_patience, Token));
    }

    [Fact]
    public async Task Writes_GoThroughBesideAWaitingRead_AndTheirEndIsSeen()
    {
        var (stream, docker) = await ConnectAsync();
        await using var connection = stream;
        var reading = stream.ReadAsync(new byte[10], Token).AsTask();
        var sent = new byte[3_000_000];
        Random.Shared.NextBytes(sent);
        var writing = WriteAsync(stream, sent);
        var received = new byte[sent.Length];
        await using var other = new NetworkStream(docker, ownsSocket: true);
        await other.ReadExactlyAsync(received, Token);
        await writing;
        Assert.Equal(sent, received);
        Assert.Equal(0, await other.ReadAsync(received, Token));

        await other.WriteAsync("answer"u8.ToArray(), Token);
        Assert.Equal(6, await reading.WaitAsync(s_patience, Token));
    }

    [Fact]
    public async Task Read_ThatIsCancelled_EndsTheConnection()
    {
        var (stream, docker) = await ConnectAsync();
        await using var connection = stream;
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var reading = stream.ReadAsync(new byte[10], cancel.Token).AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading.WaitAsync(s_patience, Token));
        Assert.Equal(0, await docker.ReceiveAsync(new byte[1], Token));
        docker.Dispose();
    }

    [Fact]
    public async Task LettingGo_BesideAWaitingRead_EndsIt()
    {
        for (var round = 0; round < 200; round++)
        {
            var (stream, docker) = await ConnectAsync();
            var reading = Task.Run(async () => await stream.ReadAsync(new byte[10], Token), Token);
            await stream.DisposeAsync();
            await reading.WaitAsync(s_patience, Token).ContinueWith(_ => { }, TaskScheduler.Default);
            Assert.True(reading.IsCompleted);
            docker.Dispose();
        }
    }

    private static async Task WriteAsync(DockerStream stream, byte[] bytes)
    {
        await stream.WriteAsync(bytes, Token);
        await stream.EndInputAsync();
    }

    private async Task<(DockerStream Stream, Socket Docker)> ConnectAsync()
    {
        var path = Path.Combine(_folder.FullName, $"{Guid.NewGuid():N}.sock");
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen(1);
        var accepting = listener.AcceptAsync(Token);
        var stream = new DockerStream(await DockerClient.ConnectAsync(path, Token));
        return (stream, await accepting);
    }
}
