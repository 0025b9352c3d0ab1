using System.Diagnostics;
using Drover.Bench.Crowd;

namespace Drover.Bench.Link;

/// <summary>What the way to a host's Docker costs against the shortest one, and what many hosts and containers cost the server and its page; all in one run.</summary>
/// <param name="Rounds">Of each command; requests are asked forty times as often.</param>
/// <param name="LogMegabytes">Of the log that is read.</param>
/// <param name="Hosts">In the crowd; 0 leaves it out.</param>
internal sealed record LinkBenchmark(string Accelerator, int Rounds, int LogMegabytes, int Hosts, int PerHost)
{
    private const int RequestsPerRound = 40;

    private readonly List<Figure> _figures = [];

    public async Task<Report> RunAsync(CancellationToken cancellationToken)
    {
        string? accelerator = null;
        if (Rounds > 0)
        {
            accelerator = await CompareAsync(cancellationToken);
        }

        if (Hosts > 0)
        {
            await using var crowd = new CrowdBenchmark(Hosts, PerHost);
            _figures.AddRange(await crowd.RunAsync(cancellationToken));
        }

        return new Report(Machine.Describe(accelerator), _figures);
    }

    private async Task<string?> CompareAsync(CancellationToken cancellationToken)
    {
        await Instance.EnsureImageAsync(cancellationToken);
        await using var instance = new Instance();
        instance.Start("server,web,scheduler,mesos-master,mesos-agent", "--listen", instance.Url.Authority, "--accel", Accelerator);
        await instance.ReadyAsync(cancellationToken);
        Say("a host, with a second address of its Docker");
        await using var guest = await GuestDocker.StartAsync(instance, Accelerator, cancellationToken);

        Say("requests");
        using (HttpClient direct = guest.Client(guest.Direct), link = guest.Client(guest.Link))
        {
            await PairsAsync("request (GET /_ping, connection kept)", Rounds * RequestsPerRound, () => AskAsync(direct, cancellationToken), () => AskAsync(link, cancellationToken));
        }

        Say("docker run");
        await PairsAsync("docker run --rm true", Rounds, () => RunAsync(guest, guest.Direct, cancellationToken), () => RunAsync(guest, guest.Link, cancellationToken));
        await guest.DockerAsync(guest.Link, cancellationToken, "run", "-d", "--name", "idle", GuestDocker.Image, "sleep", "100000");
        Say("docker exec");
        await PairsAsync("docker exec true", Rounds, () => ExecAsync(guest, guest.Direct, cancellationToken), () => ExecAsync(guest, guest.Link, cancellationToken));

        Say($"docker logs, {LogMegabytes} MB");
        var line = new string('x', 99);
        await guest.DockerAsync(guest.Link, cancellationToken, "run", "--name", "log", "--log-opt", "max-size=1g", GuestDocker.Image, "sh", "-c", $"yes {line} | head -n {LogMegabytes * 10_000}");
        var (slow, fast) = await PairsAsync($"docker logs, {LogMegabytes} MB", Math.Max(1, Rounds / 3), () => LogsAsync(guest, guest.Direct, cancellationToken), () => LogsAsync(guest, guest.Link, cancellationToken));
        _figures.Add(new("docker logs: throughput by the link", "MB/s", [LogMegabytes / fast]));
        _figures.Add(new("docker logs: throughput by the link ÷ direct", "%", [100 * slow / fast]));
        return guest.Accelerator;
    }

    /// <summary>Both ways by turns, so that what the machine does beside is the same for both.</summary>
    private async Task<(double Direct, double Link)> PairsAsync(string name, int rounds, Func<Task<double>> direct, Func<Task<double>> link)
    {
        List<double> directly = [], linked = [], added = [];
        for (var round = -1; round < rounds; round++)
        {
            var (one, other) = round % 2 == 0 ? (await direct(), await link()) : Swap(await link(), await direct());
            if (round >= 0)
            {
                // The first of each opens connections and compiles.
                directly.Add(one);
                linked.Add(other);
                added.Add((other - one) * 1000);
            }
        }

        var (slow, fast) = (new Figure($"{name}: direct", "s", directly), new Figure($"{name}: by the link", "s", linked));
        _figures.AddRange([slow, fast, new Figure($"{name}: added", "ms", added)]);
        return (slow.Median, fast.Median);
    }

    private static (double Direct, double Link) Swap(double link, double direct) => (direct, link);

    private static async Task<double> AskAsync(HttpClient http, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        await http.GetStringAsync(new Uri("_ping", UriKind.Relative), cancellationToken);
        return clock.Elapsed.TotalSeconds;
    }

    private static async Task<double> RunAsync(GuestDocker guest, string address, CancellationToken cancellationToken) =>
        (await guest.DockerAsync(address, cancellationToken, "run", "--rm", GuestDocker.Image, "true")).Seconds;

    private static async Task<double> ExecAsync(GuestDocker guest, string address, CancellationToken cancellationToken) =>
        (await guest.DockerAsync(address, cancellationToken, "exec", "idle", "true")).Seconds;

    private async Task<double> LogsAsync(GuestDocker guest, string address, CancellationToken cancellationToken)
    {
        var (log, seconds) = await guest.DockerAsync(address, cancellationToken, "logs", "log");
        return log.Length == LogMegabytes * 1_000_000 ? seconds : throw new InvalidOperationException($"The log has {log.Length} bytes by {address}, and {LogMegabytes * 1_000_000} are right.");
    }

    private static void Say(string what) => Console.Error.WriteLine(what);
}
