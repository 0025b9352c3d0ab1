using System.Globalization;
using System.Net.Sockets;
using System.Text.Json.Nodes;

namespace Drover.Bench.Link;

/// <summary>One real host whose Docker is reached in two ways by the same client: by Drover's link, and at a port of its own.</summary>
/// <remarks>The port is Docker's second address in the guest, forwarded by QEMU, so both ways cross the same guest and the same network card: what differs is agent, server and command line.</remarks>
internal sealed class GuestDocker : IAsyncDisposable
{
    public const string Image = "bb:1";
    private const string Host = "link";
    private const int DockerPort = 2375;

    /// <summary>Docker waits some seconds on purpose before it serves a port without TLS.</summary>
    private const string Listen = """
        sed -i '1s|{|{ "hosts": ["unix:///run/docker.sock", "tcp://0.0.0.0:2375"],|' /etc/docker/daemon.json
        kill "$(cat /run/drover/dockerd.pid)"

        """;

    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan s_pace = TimeSpan.FromMilliseconds(200);

    private readonly Instance _instance;
    private readonly Dictionary<string, string> _variables;
    private int _port;

    private GuestDocker(Instance instance)
    {
        _instance = instance;
        _variables = new(StringComparer.Ordinal) { ["DROVER_DATA"] = instance.Data };
    }

    /// <summary>The link's way, as <c>docker-env</c> says.</summary>
    public string Link { get; private set; } = "";

    public string Direct => string.Create(CultureInfo.InvariantCulture, $"tcp://127.0.0.1:{_port}");

    public string? Accelerator { get; private set; }

    public static async Task<GuestDocker> StartAsync(Instance instance, string accelerator, CancellationToken cancellationToken)
    {
        var guest = new GuestDocker(instance);
        await using var machines = new MachineWatch(instance.Client());
        var made = await machines.MakeAsync(Host, new JsonObject { ["startFrom"] = "cold", ["network"] = "user" }, cancellationToken);
        guest.Accelerator = made.Machine.Text("accelerator") ?? accelerator;
        await guest.OpenPortAsync(cancellationToken);
        guest.Link = await guest.EnvironmentAsync(cancellationToken);
        await guest.ImportAsync(cancellationToken);
        return guest;
    }

    public Task<(string Output, double Seconds)> DockerAsync(string address, CancellationToken cancellationToken, params string[] arguments) =>
        PersonalProgram.RunAsync("docker", ["-H", address, .. arguments], null, _variables, cancellationToken);

    /// <summary>A client whose connection is kept, so that only the request is measured.</summary>
    public HttpClient Client(string address)
    {
        var uri = new Uri(address);
        var handler = new SocketsHttpHandler { UseProxy = false };
        if (uri.Scheme == "unix")
        {
            handler.ConnectCallback = async (_, token) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(uri.AbsolutePath), token);
                return new NetworkStream(socket, ownsSocket: true);
            };
        }

        return new HttpClient(handler) { BaseAddress = uri.Scheme == "unix" ? new Uri("http://docker") : new Uri($"http://{uri.Authority}") };
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            await DroverAsync(CancellationToken.None, "docker-env", "--unset", Host);
        }
        catch (InvalidOperationException)
        {
            // There is none, or the server is gone, and what was begun ends with it.
        }
    }

    private async Task OpenPortAsync(CancellationToken cancellationToken)
    {
        _port = Instance.FreePort();
        await DroverAsync(cancellationToken, "host", "forward", Host, $"{_port}:{DockerPort}");
        await PersonalProgram.RunAsync(Drover, ["host", "shell", Host], Listen, _variables, cancellationToken);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(s_patience);
        using var http = Client(Direct);
        using var timer = new PeriodicTimer(s_pace);
        while (!await AnswersAsync(http, limit.Token))
        {
            _instance.MustLive();
            await timer.WaitForNextTickAsync(limit.Token);
        }
    }

    private static async Task<bool> AnswersAsync(HttpClient http, CancellationToken cancellationToken)
    {
        try
        {
            return (await http.GetStringAsync(new Uri("_ping", UriKind.Relative), cancellationToken)).Length > 0;
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            return false;
        }
    }

    private async Task<string> EnvironmentAsync(CancellationToken cancellationToken)
    {
        var (words, _) = await DroverAsync(cancellationToken, "docker-env", Host, "--shell", "sh");
        var address = words.Split('\n').Select(line => line.Split("DOCKER_HOST=", 2)).First(parts => parts.Length == 2)[1];
        return address.Trim(' ', '\'', '"', ';');
    }

    /// <summary>A static busybox under some of its names, so that no registry is needed.</summary>
    private async Task ImportAsync(CancellationToken cancellationToken)
    {
        var root = Directory.CreateDirectory(Path.Combine(_instance.Data, "bb", "bin")).FullName;
        File.Copy("/bin/busybox", Path.Combine(root, "busybox"));
        foreach (var name in new[] { "sh", "true", "yes", "head", "sleep" })
        {
            File.CreateSymbolicLink(Path.Combine(root, name), "busybox");
        }

        var archive = Path.Combine(_instance.Data, "bb.tar");
        await PersonalProgram.RunAsync("tar", ["-C", Path.GetDirectoryName(root)!, "-cf", archive, "."], null, _variables, cancellationToken);
        await DockerAsync(Link, cancellationToken, "import", archive, Image);
    }

    private static string Drover => Path.Combine(Instance.Programs, "drover");

    private Task<(string Output, double Seconds)> DroverAsync(CancellationToken cancellationToken, params string[] arguments) => PersonalProgram.RunAsync(Drover, arguments, null, _variables, cancellationToken);
}
