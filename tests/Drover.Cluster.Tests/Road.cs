using System.Text.Json.Nodes;
using Drover.Api.Cattle;
using Drover.Testing;

namespace Drover.Cluster.Tests;

/// <summary>What a user does and sees, against a cluster that may be dying. Requests are tried again while no one answers.</summary>
internal sealed class Road(TestCluster cluster)
{
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    public CattleClient Client { get; } = cluster.Client();

    /// <summary>Asks for a machine of that name, once: a second try finds the first one's machine.</summary>
    public Task<string> CreateAsync(string name, CancellationToken token, JsonObject? config = null) => TryAsync(async () =>
    {
        var found = await Client.ListAsync("machines", [new("name", name), new("removed_null", "1")], token);
        var machine = found.Count > 0
            ? found[0]
            : await Client.CreateAsync("machines", new JsonObject { ["name"] = name, ["mesosConfig"] = config?.DeepClone() ?? new JsonObject { ["memory"] = "64MiB" } }, token);
        return machine.Id;
    }, token);

    public Task RemoveAsync(string id, CancellationToken token) => TryAsync(async () =>
    {
        if (await Client.GetAsync("machines", id, token) is { State: not ("removing" or "removed" or "purged") })
        {
            await Client.DeleteAsync("machines", id, token);
        }

        return id;
    }, token);

    /// <summary>Machines that are not removed.</summary>
    public Task<IReadOnlyList<CattleResource>> MachinesAsync(CancellationToken token) => TryAsync(() => Client.ListAsync("machines", [new("removed_null", "1")], token), token);

    /// <summary>Waits for one of these states; a machine that is gone has the state <c>removed</c>.</summary>
    public async Task<string> StateAsync(string id, string[] wanted, CancellationToken token)
    {
        using var limit = new CancellationTokenSource(Patience);
        using var timer = new PeriodicTimer(Pace);
        var seen = "nothing yet";
        while (true)
        {
            var machine = await TryAsync(() => Client.GetAsync("machines", id, token), token);
            var state = machine?.State ?? "removed";
            seen = $"{state}: {machine?.TransitioningMessage}";
            Assert.False(state == "error" && !wanted.Contains("error"), $"machine {id} failed: {seen}");
            if (wanted.Contains(state, StringComparer.Ordinal))
            {
                return state;
            }

            Assert.False(limit.IsCancellationRequested, $"machine {id} did not become {string.Join(" or ", wanted)}; last seen {seen}");
            await timer.WaitForNextTickAsync(token);
        }
    }

    public Task SettingAsync(string name, string value, CancellationToken token) =>
        TryAsync(() => cluster.Admin().UpdateAsync("settings", name, new JsonObject { ["value"] = value }, token), token);

    /// <summary>Waits until the pool has that many members of a kind in a state, and returns their ids.</summary>
    /// <param name="except">Members that do not count: what the server shows may be a moment old.</param>
    public async Task<IReadOnlyList<string>> PoolAsync(string kind, string state, int count, CancellationToken token, params IReadOnlyList<string> except)
    {
        using var limit = new CancellationTokenSource(Patience);
        using var timer = new PeriodicTimer(Pace);
        while (true)
        {
            var members = (await TryAsync(() => Client.ListAsync("pools", token), token)).SelectMany(p => p.Json["members"]!.AsArray()).ToList();
            var found = members.Where(m => (string?)m!["kind"] == kind && (string?)m["state"] == state).Select(m => (string)m!["id"]!).Except(except, StringComparer.Ordinal).ToList();
            if (found.Count == count)
            {
                return found;
            }

            Assert.False(limit.IsCancellationRequested, $"the pool has not {count} {kind} that are {state}: {string.Join('\n', members)}");
            await timer.WaitForNextTickAsync(token);
        }
    }

    /// <summary>Waits until that many executors live.</summary>
    public async Task ExecutorsAsync(int count, CancellationToken token)
    {
        using var limit = new CancellationTokenSource(Patience);
        using var timer = new PeriodicTimer(Pace);
        while (cluster.Executors != count)
        {
            Assert.False(limit.IsCancellationRequested, $"{cluster.Executors} executors live instead of {count}");
            await timer.WaitForNextTickAsync(token);
        }
    }

    private static async Task<T> TryAsync<T>(Func<Task<T>> request, CancellationToken token)
    {
        using var limit = new CancellationTokenSource(Patience);
        using var timer = new PeriodicTimer(Pace);
        while (true)
        {
            try
            {
                return await request();
            }
            catch (CattleException e) when (e.IsTransient && !limit.IsCancellationRequested)
            {
                await timer.WaitForNextTickAsync(token);
            }
        }
    }
}
