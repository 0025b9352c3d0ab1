using System.Text.Json.Nodes;
using Drover.Api.Cattle;

namespace Drover.Bench.Crowd;

/// <summary>In the scheduler's place: the server's external handler for machines (cattle-api §2.5), whose machines are only agents.</summary>
internal sealed class CrowdHandler(CattleClient service, CrowdAgents agents)
{
    private const string Name = "crowd";
    private const string Create = "physicalhost.create";

    /// <summary>Machines that come up at once.</summary>
    private const int Concurrency = 8;

    private static readonly TimeSpan s_pace = TimeSpan.FromMilliseconds(50);

    private readonly HashSet<string> _taken = new(StringComparer.Ordinal);
    private int _made;

    public async Task RegisterAsync(CancellationToken cancellationToken)
    {
        var handler = await service.CreateAsync(
            "externalhandlers",
            new JsonObject { ["name"] = Name, ["uuid"] = Name, ["priority"] = 2000, ["retries"] = 3, ["timeoutMillis"] = 60_000, ["processConfigs"] = new JsonArray(new JsonObject { ["name"] = Create }) },
            cancellationToken);
        await ActiveAsync("externalhandlers", handler, cancellationToken);
    }

    /// <summary>Takes the server's events until cancelled.</summary>
    public async Task RunAsync(Action opened, CancellationToken cancellationToken)
    {
        using var places = new SemaphoreSlim(Concurrency);
        var making = new List<Task>();
        await foreach (var e in service.SubscribeAsync([$"{Create};handler={Name}", $"ping;handler={Name}"], opened, cancellationToken))
        {
            // The server repeats what was not answered yet to who has just subscribed; another token for a machine would replace the first.
            if (e.BaseName != Create || !_taken.Add(e.ResourceId!))
            {
                continue;
            }

            await places.WaitAsync(cancellationToken);
            making.RemoveAll(task => task.IsCompletedSuccessfully);
            if (making.Find(task => task.IsFaulted) is { } failed)
            {
                await failed;
            }

            making.Add(MakeAsync(e, places, cancellationToken));
        }
    }

    private async Task MakeAsync(CattleEvent e, SemaphoreSlim places, CancellationToken cancellationToken)
    {
        try
        {
            var machine = await service.GetAsync("physicalhosts", e.ResourceId!, cancellationToken) ?? throw new InvalidOperationException($"The machine {e.ResourceId} is gone.");
            var token = await service.CreateAsync("registrationtokens", new JsonObject { ["accountId"] = machine.AccountId, ["physicalHostId"] = machine.Id }, cancellationToken);
            var url = (await ActiveAsync("registrationtokens", token, cancellationToken)).Link("registrationUrl") ?? throw new InvalidOperationException("The token has no address.");
            await agents.AddAsync(Interlocked.Increment(ref _made) - 1, machine.Text("externalId")!, machine.Name!, new Uri(url), cancellationToken);
            await service.ReplyAsync(e, CattleReply.Done(), cancellationToken);
        }
        finally
        {
            places.Release();
        }
    }

    private async Task<CattleResource> ActiveAsync(string type, CattleResource resource, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(s_pace);
        while (resource.State != "active")
        {
            await timer.WaitForNextTickAsync(cancellationToken);
            resource = await service.GetAsync(type, resource.Id, cancellationToken) ?? resource;
        }

        return resource;
    }
}
