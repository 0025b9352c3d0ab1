using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Drover.Api.Cattle;
using Drover.Api.Machines;

namespace Drover.Bench;

/// <summary>Makes and removes machines, and takes their time as a user sees it: from the request until the event that says <c>active</c>.</summary>
internal sealed class MachineWatch : IAsyncDisposable
{
    private readonly CattleClient _client;
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<string, State> _seen = new(StringComparer.Ordinal);
    private readonly TaskCompletionSource _open = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _listening;
    private volatile TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public MachineWatch(CattleClient client)
    {
        _client = client;
        _listening = ListenAsync();
    }

    /// <summary>Asks for a machine and waits until it is active.</summary>
    /// <exception cref="InvalidOperationException">It failed.</exception>
    public async Task<Made> MakeAsync(string name, JsonObject config, CancellationToken cancellationToken)
    {
        await _open.Task.WaitAsync(cancellationToken);
        var began = Stopwatch.GetTimestamp();
        var id = (await _client.CreateAsync("machines", new JsonObject { ["name"] = name, ["mesosConfig"] = config.DeepClone() }, cancellationToken)).Id;
        var state = await UntilAsync(id, s => s is "active" or "error", cancellationToken);
        var machine = await _client.GetAsync("machines", id, cancellationToken) ?? throw new InvalidOperationException($"{name} is gone.");
        if (machine.State == "error")
        {
            throw new InvalidOperationException($"{name} failed: {machine.TransitioningMessage}");
        }

        return new Made(machine, Stopwatch.GetElapsedTime(began, state.At).TotalSeconds);
    }

    /// <summary>Has the machine run a container, and waits until it has told.</summary>
    /// <returns>Seconds from the request until the answer is known.</returns>
    /// <exception cref="InvalidOperationException">It could not.</exception>
    public async Task<double> CheckAsync(string id, CancellationToken cancellationToken)
    {
        var began = Stopwatch.GetTimestamp();
        var asked = await _client.ActionAsync("machines", id, "check", null, cancellationToken);
        for (var machine = asked; ; machine = await _client.GetAsync("machines", id, cancellationToken))
        {
            if (machine?.Json["check"]?["at"] is not null)
            {
                return Stopwatch.GetElapsedTime(began).TotalSeconds;
            }

            if (machine is null || machine.Transitioning == "error")
            {
                throw new InvalidOperationException($"The machine {id} runs no container: {machine?.TransitioningMessage ?? "it is gone"}");
            }

            var changed = _changed.Task;
            await changed.WaitAsync(TimeSpan.FromMilliseconds(100), cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    public async Task RemoveAsync(string id, CancellationToken cancellationToken)
    {
        await _client.DeleteAsync("machines", id, cancellationToken);
        await UntilAsync(id, s => s is "removed" or "purging" or "purged", cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _listening.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task<State> UntilAsync(string id, Func<string, bool> holds, CancellationToken cancellationToken)
    {
        while (true)
        {
            var changed = _changed.Task;
            if (_seen.TryGetValue(id, out var state) && holds(state.Name))
            {
                return state;
            }

            if (_listening.IsCompleted)
            {
                await _listening;
            }

            await changed.WaitAsync(cancellationToken);
        }
    }

    private async Task ListenAsync()
    {
        await foreach (var change in _client.SubscribeAsync(["resource.change"], () => _open.TrySetResult(), _stop.Token))
        {
            if (change.ResourceType is not ("machine" or "physicalHost") || change.ResourceId is not { } id || change.Data?["resource"] is not JsonObject resource)
            {
                continue;
            }

            var name = (string?)resource["state"] ?? "";
            _seen.AddOrUpdate(id, _ => new State(name, Stopwatch.GetTimestamp()), (_, old) => old.Name == name ? old : new State(name, Stopwatch.GetTimestamp()));
            Interlocked.Exchange(ref _changed, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
        }
    }

    /// <param name="At">When it was first seen, a time stamp of <see cref="Stopwatch"/>.</param>
    private sealed record State(string Name, long At);
}

/// <summary>A machine that became active.</summary>
/// <param name="Seconds">From the request until the event that says so.</param>
internal sealed record Made(CattleResource Machine, double Seconds)
{
    public string? Way => Machine.Text("way");

    public IReadOnlyList<StageRecord> Stages => Machine.Json["stages"].Deserialize(MachineJson.Default.IReadOnlyListStageRecord) ?? [];
}
