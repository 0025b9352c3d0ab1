using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Drover.Api.Cattle;

namespace Drover.Bench;

/// <summary>A control plane of this checkout's programs on a data folder of its own, each role group in its own process so that memory can be told apart.</summary>
internal sealed class Instance : IAsyncDisposable
{
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(20);
    private readonly List<Process> _processes = [];
    private readonly HttpClient _http = new();

    public static string Home { get; } = Environment.GetEnvironmentVariable("DROVER_HOME")
        ?? throw new InvalidOperationException("DROVER_HOME is not set: run the benchmark as ./drover bench NAME.");

    public static string Programs => Path.Combine(Home, "artifacts", "drover");

    public string Data { get; } = Directory.CreateTempSubdirectory("drover-bench-").FullName;

    public Uri Url { get; } = new($"http://127.0.0.1:{FreePort()}");

    /// <summary>Makes the guest image if it is not there yet.</summary>
    public static async Task EnsureImageAsync(CancellationToken cancellationToken)
    {
        using var build = Process.Start(new ProcessStartInfo(Path.Combine(Programs, "drover"), ["image", "build", "--quiet"]) { UseShellExecute = false, RedirectStandardOutput = true })
            ?? throw new InvalidOperationException("drover did not start");
        await build.StandardOutput.ReadToEndAsync(cancellationToken);
        await build.WaitForExitAsync(cancellationToken);
        if (build.ExitCode != 0)
        {
            throw new InvalidOperationException("the guest image could not be made");
        }
    }

    /// <summary>Starts one <c>droverd</c> with these roles.</summary>
    public Process Start(string roles, params string[] more)
    {
        var start = new ProcessStartInfo(Path.Combine(Programs, "droverd"), ["--data", Data, "--roles", roles, "--images", Path.Combine(Home, "artifacts", "images"), "--programs", Programs, .. more])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        var process = Process.Start(start) ?? throw new InvalidOperationException("droverd did not start");
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, line) => Console.Error.Write(line.Data is { Length: > 0 } text ? $"{text}\n" : "");
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        _processes.Add(process);
        return process;
    }

    /// <summary>Fails when one of the processes has ended, with the end of what it said.</summary>
    public void MustLive()
    {
        if (_processes.Find(p => p.HasExited) is { } dead)
        {
            throw new InvalidOperationException($"droverd {string.Join(' ', dead.StartInfo.ArgumentList)} ended with {dead.ExitCode}.");
        }
    }

    /// <summary>Waits until LocalMesos' master has told where it answers.</summary>
    public async Task MasterAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Pace);
        while (!File.Exists(Path.Combine(Data, "mesos", "master.url")))
        {
            MustLive();
            await timer.WaitForNextTickAsync(cancellationToken);
        }
    }

    /// <summary>Waits until <c>/readyz</c> answers.</summary>
    public async Task ReadyAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Pace);
        while (true)
        {
            try
            {
                using var answer = await _http.GetAsync(new Uri(Url, "/readyz"), cancellationToken);
                if (answer.IsSuccessStatusCode)
                {
                    return;
                }
            }
            catch (HttpRequestException)
            {
                // Not listening yet.
            }

            MustLive();

            await timer.WaitForNextTickAsync(cancellationToken);
        }
    }

    /// <summary>Kills one process on purpose.</summary>
    public async Task StopAsync(Process process, CancellationToken cancellationToken)
    {
        _processes.Remove(process);
        process.Kill();
        await process.WaitForExitAsync(cancellationToken);
    }

    /// <summary>The admin in the default environment.</summary>
    public CattleClient Client() => Admin().ForProject((string)Keys()["projectId"]!);

    /// <summary>The admin in no environment: settings, pools.</summary>
    public CattleClient Admin() => new(_http, new Uri(Url, "/v2-beta"), CattleClient.Basic((string)Keys()["accessKey"]!, (string)Keys()["secretKey"]!));

    /// <summary>An external handler of the server's.</summary>
    public CattleClient Service() => new(_http, new Uri(Url, "/v1"), CattleClient.Basic((string)Keys("service")["accessKey"]!, (string)Keys("service")["secretKey"]!));

    /// <summary>Resident memory of a process in MB.</summary>
    public static double ResidentMegabytes(int pid)
    {
        var line = File.ReadLines($"/proc/{pid}/status").First(l => l.StartsWith("VmRSS:", StringComparison.Ordinal));
        return double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], System.Globalization.CultureInfo.InvariantCulture) / 1024;
    }

    /// <summary>Processes of this instance with that name.</summary>
    public IEnumerable<int> Find(string name) => Directory.EnumerateDirectories("/proc")
        .Select(d => int.TryParse(Path.GetFileName(d), out var id) ? id : 0)
        .Where(id => id != 0 && Matches(id, name));

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _processes.AsEnumerable().Reverse().Where(p => !p.HasExited))
        {
            process.Kill();
            await process.WaitForExitAsync();
        }

        foreach (var left in Find("drover-executor").Concat(Find("drover-agent")).ToList())
        {
            Process.GetProcessById(left).Kill();
        }

        _http.Dispose();
        Directory.Delete(Data, recursive: true);
    }

    private JsonNode Keys(string of = "admin") => JsonNode.Parse(File.ReadAllText(Path.Combine(Data, "keys", $"{of}.json")))!;

    private bool Matches(int id, string name)
    {
        try
        {
            return name.StartsWith(File.ReadAllText($"/proc/{id}/comm").Trim(), StringComparison.Ordinal)
                && File.ReadAllText($"/proc/{id}/cmdline").Contains(Data, StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    }

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
