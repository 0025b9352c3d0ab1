using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Drover.Agent.Guest;
using Drover.Api.Agents;

namespace Drover.Agent.Docker;

/// <summary>What the guest sees of itself, for who wants to know whether it is in order and like no other.</summary>
internal sealed class Inspection(DockerClient docker, TimeProvider time)
{
    /// <summary>An image of the guest's own busybox: no registry is needed to see whether a container runs.</summary>
    private const string Image = "drover-check:1";

    /// <summary>Less than whoever asks waits for, so that they hear what took so long.</summary>
    internal static readonly TimeSpan Longest = TimeSpan.FromMinutes(5);

    public async Task<IReadOnlyDictionary<string, string>> RunAsync(string? firstRandom, GuestIdentity? identity, string? container, CancellationToken cancellationToken)
    {
        var found = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["random"] = Convert.ToHexStringLower(KernelRandom.Bytes(16)),
            ["bootId"] = Line("/proc/sys/kernel/random/boot_id"),
            ["machineId"] = Line("/etc/machine-id"),
            ["hostname"] = Line("/proc/sys/kernel/hostname"),
            ["mac"] = Line("/sys/class/net/eth0/address"),
            ["dockerMac"] = Line("/sys/class/net/docker0/address"),
            ["clock"] = time.GetUtcNow().ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture),
            ["resolv"] = Line("/etc/resolv.conf"),
            ["containers"] = (await docker.CountAsync(cancellationToken))?.All.ToString(CultureInfo.InvariantCulture) ?? "",
            ["engineId"] = (await docker.InfoAsync(cancellationToken))?.Id ?? "",
            ["engineKey"] = File.Exists(EngineIdentity.KeyPath) ? EngineIdentity.ReadKey(await File.ReadAllTextAsync(EngineIdentity.KeyPath, cancellationToken)) ?? "" : "",
        };
        if (firstRandom is not null)
        {
            found["firstRandom"] = firstRandom;
        }

        if (container is "fill" or "trim")
        {
            DiskFilling.Run(fill: container == "fill");
        }
        else if (container is not null)
        {
            var server = identity is not null && Uri.TryCreate(identity.RegistrationUrl, UriKind.Absolute, out var address) ? address : null;
            using var limit = new CancellationTokenSource(Longest, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
            (found["containerId"], found["containerStatus"], found["containerOutput"]) = await TryContainerAsync(server, run: container == "run", keep: container == "keep", either.Token);
        }

        return found;
    }

    /// <summary>A container that, if it is run, writes a file, shows its name servers, and reaches the server.</summary>
    private async Task<(string Id, string Status, string Output)> TryContainerAsync(Uri? server, bool run, bool keep, CancellationToken cancellationToken)
    {
        await ImportAsync(cancellationToken);
        var reach = server is null ? "" : $"/bin/busybox nc -w 10 {server.DnsSafeHost} {server.Port} </dev/null && echo reached";
        var specification = new JsonObject
        {
            ["Image"] = Image,
            ["Cmd"] = new JsonArray("/bin/busybox", "sh", "-c", $"echo stored >/file; /bin/busybox cat /file /etc/resolv.conf; {reach}"),
            ["Tty"] = true,
        };
        var id = (string?)JsonNode.Parse(await SendAsync(HttpMethod.Post, "containers/create", Json(specification), cancellationToken))?["Id"] ?? "";
        var (status, output) = run ? await RunAsync(id, cancellationToken) : ("", "");
        if (!keep)
        {
            await SendAsync(HttpMethod.Delete, $"containers/{id}?force=1&v=1", null, cancellationToken);
            await SendAsync(HttpMethod.Delete, $"images/{Image}", null, cancellationToken);
        }

        return (id, status, output);
    }

    private async Task<(string Status, string Output)> RunAsync(string id, CancellationToken cancellationToken)
    {
        await SendAsync(HttpMethod.Post, $"containers/{id}/start", null, cancellationToken);
        var end = await SendAsync(HttpMethod.Post, $"containers/{id}/wait", null, cancellationToken);
        using var logs = await docker.SendAsync(new HttpRequestMessage(HttpMethod.Get, $"containers/{id}/logs?stdout=1&stderr=1"), cancellationToken);
        return (JsonNode.Parse(end)?["StatusCode"]?.ToString() ?? "", await logs.Content.ReadAsStringAsync(cancellationToken));
    }

    private async Task ImportAsync(CancellationToken cancellationToken)
    {
        if (!File.Exists("/bin/busybox"))
        {
            throw new IOException("this guest has no /bin/busybox to make a container of");
        }

        var start = new ProcessStartInfo("/bin/busybox", ["tar", "-c", "-f", "-", "-C", "/", "bin/busybox"]) { RedirectStandardOutput = true, UseShellExecute = false };
        using var tar = Process.Start(start)!;
        try
        {
            var name = Image.Split(':');
            await SendAsync(HttpMethod.Post, $"images/create?fromSrc=-&repo={name[0]}&tag={name[1]}", new StreamContent(tar.StandardOutput.BaseStream), cancellationToken);
        }
        finally
        {
            // Docker may have answered before it read everything; then nobody reads what is left.
            tar.Kill();
            await tar.WaitForExitAsync(CancellationToken.None);
        }
    }

    /// <returns>What was answered, in Docker's words.</returns>
    private async Task<string> SendAsync(HttpMethod method, string path, HttpContent? body, CancellationToken cancellationToken)
    {
        try
        {
            using var request = new HttpRequestMessage(method, path) { Content = body };
            using var answer = await docker.SendAsync(request, cancellationToken);
            var text = await answer.Content.ReadAsStringAsync(cancellationToken);
            return answer.IsSuccessStatusCode ? text : throw new IOException($"Docker answers {path} with {(int)answer.StatusCode}: {text.Trim()}");
        }
        catch (OperationCanceledException e)
        {
            throw new OperationCanceledException($"Docker did not answer {path} in time", e, cancellationToken);
        }
    }

    private static StringContent Json(JsonObject body) => new(body.ToJsonString(), Encoding.UTF8, "application/json");

    private static string Line(string path)
    {
        try
        {
            return File.ReadAllText(path).Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
