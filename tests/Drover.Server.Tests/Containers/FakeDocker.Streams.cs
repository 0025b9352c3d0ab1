using System.Text;
using System.Text.Json.Nodes;
using Drover.Api.Agents.Streams;
using Drover.Server.Tests.Harness;
using Microsoft.AspNetCore.Http;

namespace Drover.Server.Tests.Containers;

/// <summary>Logs, exec, statistics, and descriptions.</summary>
internal sealed partial class FakeDocker
{
    /// <summary>The log of every container: channel and bytes of each frame.</summary>
    public List<(byte Channel, byte[] Bytes)> Log { get; } = [];

    /// <summary>Containers have terminals: their output has no frames.</summary>
    public bool HasTty { get; set; }

    /// <summary>What an exec says to each thing that is typed: here it is upper case, and <c>exit</c> ends it with 3.</summary>
    public List<(int Width, int Height)> Sizes { get; } = [];

    /// <summary>Execs whose stream is open.</summary>
    public int OpenShells => _openShells;

    private int _openShells;

    public string? LastLogQuery { get; private set; }

    /// <summary>False for what is none of these.</summary>
    private async Task<bool> AnswerStreamAsync(HttpContext http, string path)
    {
        var parts = path.Split('/');
        if (path.EndsWith("/logs", StringComparison.Ordinal))
        {
            LastLogQuery = http.Request.QueryString.Value;
            foreach (var (channel, bytes) in Log)
            {
                await http.Response.Body.WriteAsync(HasTty ? bytes : Multiplexed.Write(channel, bytes), TestServer.Token);
            }
        }
        else if (path.EndsWith("/stats", StringComparison.Ordinal))
        {
            await http.Response.WriteAsync(Stats.ReplaceLineEndings("") + "\n", TestServer.Token);
        }
        else if (path.EndsWith("/exec", StringComparison.Ordinal))
        {
            await http.Response.WriteAsJsonAsync(new JsonObject { ["Id"] = "exec1" }, TestServer.Token);
        }
        else if (path.EndsWith("/resize", StringComparison.Ordinal))
        {
            Sizes.Add((int.Parse(http.Request.Query["w"]!, System.Globalization.CultureInfo.InvariantCulture), int.Parse(http.Request.Query["h"]!, System.Globalization.CultureInfo.InvariantCulture)));
        }
        else if (path.EndsWith("/exec/exec1/json", StringComparison.Ordinal))
        {
            await http.Response.WriteAsJsonAsync(new JsonObject { ["ID"] = "exec1", ["Running"] = false, ["ExitCode"] = 3 }, TestServer.Token);
        }
        else if (HttpMethods.IsGet(http.Request.Method) && parts is [.., "containers", var id, "json"])
        {
            http.Response.StatusCode = _containers.ContainsKey(id) ? 200 : 404;
            await http.Response.WriteAsJsonAsync(new JsonObject { ["Id"] = id, ["Config"] = new JsonObject { ["Tty"] = HasTty, ["OpenStdin"] = true }, ["State"] = new JsonObject { ["Running"] = false, ["ExitCode"] = 7 } }, TestServer.Token);
        }
        else if (HttpMethods.IsGet(http.Request.Method) && parts.Contains("images") && parts[^1] == "json" && parts[^2] != "images")
        {
            var name = string.Join('/', parts.SkipWhile(part => part != "images").Skip(1).SkipLast(1));
            http.Response.StatusCode = Images.ContainsKey(name) ? 200 : 404;
            await http.Response.WriteAsJsonAsync(new JsonObject { ["Id"] = "sha256:1", ["message"] = $"No such image: {name}" }, TestServer.Token);
        }
        else
        {
            return false;
        }

        return true;
    }

    /// <summary>Kestrel upgrades no request with a body, and Docker's have one: an exec is answered by hand.</summary>
    private async Task ExecAsync(LinkStream stream, bool tty)
    {
        Interlocked.Increment(ref _openShells);
        try
        {
            await TalkAsync(stream, tty);
        }
        finally
        {
            Interlocked.Decrement(ref _openShells);
        }
    }

    private static async Task TalkAsync(LinkStream stream, bool tty)
    {
        await stream.WriteAsync("HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n"u8.ToArray(), TestServer.Token);
        var buffer = new byte[64 * 1024];
        while (await stream.ReadAsync(buffer, TestServer.Token) is > 0 and var read)
        {
            var text = Encoding.UTF8.GetString(buffer, 0, read);
            if (text.Contains("exit", StringComparison.Ordinal))
            {
                await stream.EndAsync(TestServer.Token);
                return;
            }

            var said = Encoding.UTF8.GetBytes(text.ToUpperInvariant());
            await stream.WriteAsync(tty ? said : Multiplexed.Write(1, said), TestServer.Token);
            if (!tty)
            {
                await stream.WriteAsync(Multiplexed.Write(2, "heard"u8), TestServer.Token);
            }
        }

        await stream.WriteAsync(tty ? "bye"u8.ToArray() : Multiplexed.Write(1, "bye"u8), TestServer.Token);
        await stream.EndAsync(TestServer.Token);
    }

    private const string Stats = """
        {"read":"2026-03-01T12:00:01.5Z","pids_stats":{"current":4},"blkio_stats":{"io_service_bytes_recursive":[{"op":"Read","value":100},{"op":"Write","value":50}]},
        "cpu_stats":{"cpu_usage":{"total_usage":300,"usage_in_kernelmode":100,"usage_in_usermode":200},"system_cpu_usage":2000,"online_cpus":2},
        "precpu_stats":{"cpu_usage":{"total_usage":100},"system_cpu_usage":1000},"memory_stats":{"usage":5000,"limit":9000,"stats":{"inactive_file":1000}},
        "networks":{"eth0":{"rx_bytes":10,"tx_bytes":20},"eth1":{"rx_bytes":1,"tx_bytes":2}}}
        """;
}
