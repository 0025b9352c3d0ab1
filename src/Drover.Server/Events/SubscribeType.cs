using System.Text.Json.Nodes;
using Drover.Server.Api;
using Drover.Server.Api.Registry;
using Drover.Server.Api.Requests;
using Drover.Server.Processes;

namespace Drover.Server.Events;

/// <summary><c>GET /v1/subscribe?eventNames=…</c> with an upgrade to a WebSocket (cattle-api §2.1).</summary>
internal sealed class SubscribeType : ResourceType
{
    private const int MaxNames = 100;
    private readonly EventHub _hub;
    private readonly ProcessEngine _engine;
    private readonly TimeProvider _time;
    private readonly ServerStopping _stopping;

    public SubscribeType(EventHub hub, ProcessEngine engine, ServerStopping stopping, TimeProvider time)
    {
        (_hub, _engine, _stopping, _time) = (hub, engine, stopping, time);
        IsListed = false;
        InTransaction = false;
        Access.Allow(Roles.Service | Roles.InEnvironment | Roles.Agent, Verbs.Read | Verbs.Create);
        Plain("eventNames", "array[string]").Creatable().Required().Chars("*._0-9a-zA-Z;=");
        Plain("agentId", "reference[agent]").Creatable();
    }

    public override Task<ApiResult> ListAsync(ApiContext context) => RunAsync(context);

    public override Task<ApiResult> CreateAsync(ApiContext context, JsonObject body) => RunAsync(context);

    private async Task<ApiResult> RunAsync(ApiContext context)
    {
        var names = context.Http.Request.Query["eventNames"].Where(n => !string.IsNullOrWhiteSpace(n)).Select(n => n!).ToList();
        if (names.Count == 0)
        {
            throw ApiError.Invalid("MissingRequired", "eventNames", "Say which events: ?eventNames=resource.change");
        }

        if (names.Count > MaxNames || names.Exists(n => n.Length > 255 || n.Any(c => !CharSet.Contains("*._0-9a-zA-Z;=", c) && c != '-')))
        {
            throw ApiError.Invalid("InvalidCharacters", "eventNames", "Event names may have letters, digits and * . _ ; = -.");
        }

        if (!context.Http.WebSockets.IsWebSocketRequest)
        {
            throw new ApiError(400, "UpgradeRequired", "Events come over a WebSocket: send an upgrade request.");
        }

        // The database is not needed for the hours to come.
        await context.Db.DisposeAsync();
        using var socket = await context.Http.WebSockets.AcceptWebSocketAsync();
        var subscription = new Subscription(names.Select(n => Effective(context, n)), context.Caller, context.Output);
        _hub.Add(subscription);
        try
        {
            _engine.Subscribed(subscription);
            using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.Aborted, _stopping.Token);
            await new SubscriptionSocket(socket, subscription, _time).RunAsync(ending.Token);
        }
        finally
        {
            _hub.Remove(subscription);
        }

        return ApiResult.Handled;
    }

    /// <summary>Only the control plane's own parts name events as they are; everybody else is bound to his account or agent.</summary>
    private static string Effective(ApiContext context, string name)
    {
        var caller = context.Caller;
        var agent = caller.IsRaw && Ids.TryParse(context.Http.Request.Query["agentId"].FirstOrDefault(), out var id) ? id : caller.AgentId;
        var bare = name.Split(';', 2)[0];
        return agent is not null ? $"{bare};agent={agent}" : caller.IsRaw ? name : $"{bare};account={caller.AccountId}";
    }
}
