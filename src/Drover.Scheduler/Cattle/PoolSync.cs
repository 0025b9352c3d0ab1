using System.Text.Json.Nodes;
using Drover.Api.Cattle;
using Drover.Scheduler.Pool;
using Microsoft.Extensions.Logging;

namespace Drover.Scheduler.Cattle;

/// <summary>Tells the server what is in the pool, and learns from the answer what is to be kept: whenever something changes on either side, and every few
/// seconds, because a server keeps what it is told in memory.</summary>
/// <remarks>A server without the resource <c>pool</c>, a real Rancher, leaves the scheduler to its own options.</remarks>
internal sealed partial class PoolSync
{
    public const string Event = "pool.change";
    private const string Key = "pool";
    private static readonly TimeSpan s_spacing = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_unknown = TimeSpan.FromMinutes(10);

    private readonly CattleClient _client;
    private readonly SchedulerOptions _options;
    private readonly Func<PoolSettings, CancellationToken, ValueTask> _told;
    private readonly ILogger _logger;
    private readonly RetryingWorker<JsonObject> _worker;
    private volatile JsonObject _last = [];

    /// <param name="told">Called with the settings of every answer.</param>
    public PoolSync(CattleClient client, SchedulerOptions options, TimeProvider time, Func<PoolSettings, CancellationToken, ValueTask> told, ILogger logger)
    {
        (_client, _options, _told, _logger) = (client, options, told, logger);
        _worker = new RetryingWorker<JsonObject>(1, s_spacing, time, SendAsync);
    }

    public void Show(IEnumerable<PoolMember> members)
    {
        _last = new JsonObject { ["members"] = new JsonArray([.. members.OrderBy(m => m.CreatedAt).ThenBy(m => m.Id, StringComparer.Ordinal).Select(m => (JsonNode)Describe(m))]) };
        _worker.Set(Key, _last);
    }

    /// <summary>The server's side has changed.</summary>
    public void Nudge() => _worker.Set(Key, _last);

    public Task RunAsync(CancellationToken cancellationToken) => _worker.RunAsync(cancellationToken);

    internal static JsonObject Describe(PoolMember member) => new()
    {
        ["id"] = member.Id,
        ["kind"] = member.Kind == PoolKind.Template ? "template" : "warm",
        ["state"] = State(member),
        ["agentId"] = member.AgentId,
        ["hostname"] = member.Placement.Hostname,
        ["image"] = member.Class.Image,
        ["imageDigest"] = member.Class.Digest,
        ["cpus"] = member.Class.MilliCpus / 1000.0,
        ["memory"] = new Api.ByteSize(member.Class.MemoryBytes).ToString(),
        ["disk"] = new Api.ByteSize(member.Class.DiskBytes).ToString(),
        ["network"] = member.Class.Network,
        ["since"] = member.ChangedAt,
        ["message"] = member.Why ?? (member.State == PoolState.Launching ? member.Report?.Message : null),
        ["notBefore"] = member.NotBefore,
        ["failures"] = member.Failures,
        ["taskId"] = member.HasTask ? member.TaskId : null,
        ["machineId"] = member.ClaimedBy,
    };

    private static string State(PoolMember member) => (member.Kind, member.State) switch
    {
        (PoolKind.Template, PoolState.Ready) => "made",
        (_, PoolState.Gone) => "failed",
        var (_, state) => state.ToString().ToLowerInvariant(),
    };

    private async Task<TimeSpan?> SendAsync(JsonObject body, int runs, CancellationToken cancellationToken)
    {
        try
        {
            var answer = new CattleResource(await _client.SendAsync(HttpMethod.Put, $"pools/{_options.HandlerName}", (JsonObject)body.DeepClone(), cancellationToken));
            if (PoolSettings.Parse(answer.Text("warm"), answer.Text("templates")) is { } settings)
            {
                await _told(answer.Text("network") is { Length: > 0 } network ? settings with { Network = network } : settings, cancellationToken);
            }

            return s_interval;
        }
        catch (CattleException e) when (Retry.MayHelp(e))
        {
            LogNotTold(e.Message);
            return Retry.Delay(runs);
        }
        catch (CattleException e)
        {
            LogUnknown(e.Message);
            await _told(PoolSettings.Parse(_options.Warm, _options.Templates)!, cancellationToken);
            return s_unknown;
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "The pool could not be shown: {Problem}")]
    private partial void LogNotTold(string problem);

    [LoggerMessage(Level = LogLevel.Debug, Message = "The server keeps no settings of a pool, the scheduler's own are used: {Problem}")]
    private partial void LogUnknown(string problem);
}
