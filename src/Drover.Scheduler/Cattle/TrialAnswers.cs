using System.Text.Json.Nodes;
using Drover.Api.Cattle;
using Drover.Scheduler.Launching;
using Drover.Scheduler.Placement;
using Drover.Scheduler.Requests;
using Microsoft.Extensions.Logging;

namespace Drover.Scheduler.Cattle;

/// <summary>Answers <c>physicalhost.trial</c>: where machines of a <c>mesosConfig</c> would go if they were asked for now. Nothing is stored, asked of the cluster or held for it.</summary>
internal sealed partial class TrialAnswers(CattleClient client, ISchedulerInput loop, LiveState live, TimeProvider time, ILogger logger)
{
    /// <summary>Agents that the answer lists; it tells how many there are.</summary>
    private const int MostAgents = 200;

    private const int MostMachines = 1000;

    public async Task AnswerAsync(CattleEvent e, CancellationToken cancellationToken)
    {
        try
        {
            await client.ReplyAsync(e, await TryAsync(e, cancellationToken), cancellationToken);
        }
        catch (CattleException problem)
        {
            LogNotAnswered(problem.Message);
        }
    }

    private async Task<CattleReply> TryAsync(CattleEvent e, CancellationToken cancellationToken)
    {
        var asked = new CattleResource(e.Data ?? []);
        if (MachineSpecReader.Read(asked, out var problems) is not { } spec)
        {
            return CattleReply.Failed(string.Join(' ', problems));
        }

        if (live.MasterProblem is { } problem)
        {
            return CattleReply.Failed($"The cluster cannot be asked: {problem}");
        }

        var answer = new TaskCompletionSource<KnownCluster>(TaskCreationOptions.RunContinuationsAsynchronously);
        await loop.PostAsync(new SchedulerInput.ClusterAsked(answer), cancellationToken);
        var cluster = await answer.Task.WaitAsync(cancellationToken);
        var need = new PlacementNeed("trial", asked.AccountId ?? "", TaskBuilder.TaskAmounts(spec) + TaskBuilder.ExecutorAmounts, spec.ParsedConstraints());
        var count = (int)Math.Clamp(asked.Number("count") ?? 1, 1, MostMachines);
        return CattleReply.Done(new JsonObject { ["trial"] = Describe(TrialFit.Try(need, count, cluster), count, cluster, time.GetUtcNow()) });
    }

    private static JsonObject Describe(TrialResult result, int count, KnownCluster cluster, DateTimeOffset now) => new()
    {
        ["message"] = TrialWords.Describe(result, count, cluster, now),
        ["fits"] = result.Fits,
        ["on"] = new JsonArray([.. result.Agents.Select(agent => new JsonObject { ["agent"] = agent.Hostname, ["count"] = agent.Count })]),
        ["reason"] = result.Waiting?.Reason,
        ["suggestion"] = result.Waiting?.Suggestion,
        ["ahead"] = cluster.Queue.Count,
        ["agentCount"] = result.Places.Count,
        ["agents"] = new JsonArray([.. result.Places.OrderBy(place => place.Misfit is not null).ThenBy(place => place.Place.Hostname, StringComparer.Ordinal).Take(MostAgents).Select(place => Agent(place.Place, place.Misfit))]),
        ["seconds"] = cluster.Oldest is { } oldest ? Math.Round((now - oldest).TotalSeconds) : null,
    };

    private static JsonObject Agent(Place place, string? misfit) => new()
    {
        ["agent"] = place.Hostname,
        ["cpus"] = place.Free.Cpus / (double)Amounts.Unit,
        ["memory"] = Amounts.SizeText(place.Free.Memory),
        ["disk"] = Amounts.SizeText(place.Free.Disk),
        ["misfit"] = misfit,
    };

    [LoggerMessage(Level = LogLevel.Debug, Message = "A trial was answered, but the answer could not be sent: {Problem}")]
    private partial void LogNotAnswered(string problem);
}
