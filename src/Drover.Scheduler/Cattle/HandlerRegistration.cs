using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Drover.Api.Cattle;
using Drover.Scheduler.Requests;
using Microsoft.Extensions.Logging;

namespace Drover.Scheduler.Cattle;

/// <summary>Makes this scheduler the server's handler for machines (cattle-api §2.5, §2.6).</summary>
/// <remarks>The handler's uuid ends in a hash of what was registered, because a server clears <c>processConfigs</c> once the handler is active:
/// so an unchanged handler is recognised and left alone, and every other one of our name is deactivated and removed first.</remarks>
internal sealed partial class HandlerRegistration(CattleClient client, SchedulerOptions options, TimeProvider time, ILogger logger)
{
    public const string ConsoleEvent = "physicalhost.console";
    public const string UsageEvent = "physicalhost.usage";
    public const string TrialEvent = "physicalhost.trial";
    private const int TimeoutMilliseconds = 60_000;
    private const int Retries = 3;
    private const int Priority = 2000;
    private static readonly TimeSpan s_poll = TimeSpan.FromMilliseconds(250);
    private const int MostPolls = 40;

    private static readonly string[] s_processes = [.. SchedulerLoop.ServerEvents, ConsoleEvent, UsageEvent, TrialEvent];

    /// <summary>The names to subscribe to.</summary>
    public IReadOnlyList<string> EventNames => [.. s_processes.Append(PoolSync.Event).Append("ping").Select(p => $"{p};handler={options.HandlerName}")];

    private string Uuid => $"{options.HandlerName}-{Fingerprint(Body("").ToJsonString())}";

    public async Task EnsureAsync(CancellationToken cancellationToken)
    {
        var active = await client.ListAsync("externalhandlers", [new("name", options.HandlerName), new("state", "active")], cancellationToken);
        var mine = active.FirstOrDefault(h => h.Uuid?.StartsWith(Uuid, StringComparison.Ordinal) == true && h.State == "active");
        foreach (var old in active.Where(h => h.Id != mine?.Id && h.Name == options.HandlerName))
        {
            LogReplacing(old.Id);
            var current = await ActAsync(old, "deactivate", cancellationToken);
            await ActAsync(current, "remove", cancellationToken);
        }

        if (mine is not null)
        {
            return;
        }

        var created = await CreateAsync(cancellationToken);
        await SettleAsync(created, cancellationToken);
        LogRegistered(options.HandlerName, created.Id);
    }

    private async Task<CattleResource> CreateAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await client.CreateAsync("externalhandlers", Body(Uuid), cancellationToken);
        }
        catch (CattleException e) when (e.Code == "NotUnique")
        {
            // A removed handler keeps its uuid until it is purged.
            return await client.CreateAsync("externalhandlers", Body($"{Uuid}-{time.GetUtcNow().ToUnixTimeMilliseconds():x}"), cancellationToken);
        }
    }

    private async Task<CattleResource> ActAsync(CattleResource handler, string action, CancellationToken cancellationToken)
    {
        if (handler.ActionUrl(action) is not { } url)
        {
            return handler;
        }

        await client.SendAsync(HttpMethod.Post, url, [], cancellationToken);
        return await SettleAsync(handler, cancellationToken);
    }

    private async Task<CattleResource> SettleAsync(CattleResource handler, CancellationToken cancellationToken)
    {
        for (var poll = 0; poll < MostPolls; poll++)
        {
            var now = await client.GetAsync("externalhandlers", handler.Id, cancellationToken);
            if (now is null || now.Transitioning != "yes")
            {
                return now ?? handler;
            }

            await Task.Delay(s_poll, time, cancellationToken);
        }

        throw new CattleException(0, "Timeout", $"The external handler {handler.Id} does not settle.", null);
    }

    private JsonObject Body(string uuid) => new()
    {
        ["name"] = options.HandlerName,
        ["uuid"] = uuid,
        ["priority"] = Priority,
        ["retries"] = Retries,
        ["timeoutMillis"] = TimeoutMilliseconds,
        ["processConfigs"] = new JsonArray([.. s_processes.Select(p => (JsonNode)Process(p))]),
    };

    private static JsonObject Process(string name) =>
        name is RequestIntake.CreateEvent or RequestIntake.BootstrapEvent or RequestIntake.RemoveEvent
            ? new JsonObject { ["name"] = name, ["onError"] = "physicalhost.error" }
            : new JsonObject { ["name"] = name };

    private static string Fingerprint(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..12];

    [LoggerMessage(Level = LogLevel.Information, Message = "External handler {Id} is an older one of ours and is replaced")]
    private partial void LogReplacing(string id);

    [LoggerMessage(Level = LogLevel.Information, Message = "Registered as external handler {Name} ({Id})")]
    private partial void LogRegistered(string name, string id);
}
