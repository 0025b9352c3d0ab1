using System.Text.Json.Nodes;
using Drover.Server.Api.Registry;
using Drover.Server.Api.Requests;
using Drover.Server.Storage;
using Microsoft.EntityFrameworkCore;

namespace Drover.Server.Processes;

/// <summary>Programs outside that take part in processes (cattle-api §2.5).</summary>
internal sealed class ExternalHandlerType : StoredType<ExternalHandlerRow>
{
    private const Roles Keepers = Roles.Service | Roles.Admin;
    private readonly ProcessEngine _engine;

    public ExternalHandlerType(ProcessEngine engine)
        : base("externalHandler", Lifecycles.Generic)
    {
        _engine = engine;
        Access.Allow(Keepers, Verbs.All);
        FindField("name")!.Required().Length(1, 128);
        Column("priority", "int", r => r.Priority, (r, v) => r.Priority = (int?)v?.GetValue<long>() ?? 1000).Creatable().Default(1000L).Range(0, 1_000_000);
        Column("priorityName", "enum", _ => null, (r, v) => r.Priority = v?.GetValue<string>() switch { "pre" => 500, "default_override" => 1500, "default" => 2000, _ => r.Priority })
            .Creatable().OneOf("pre", "specific", "default_override", "default");
        Column("retries", "int", r => r.Retries, (r, v) => r.Retries = (int?)v?.GetValue<long>()).Creatable().Range(1, 1000);
        Column("timeoutMillis", "int", r => r.TimeoutMillis, (r, v) => r.TimeoutMillis = v?.GetValue<long>()).Creatable().Range(1000, 86_400_000);
        Plain("processConfigs", "array[externalHandlerProcessConfig]").Creatable().Required();
        PassingAction("activate", Keepers, Changed);
        PassingAction("deactivate", Keepers, Changed);
        RemoveAction(Keepers);
    }

    public static EmbeddedType ConfigType()
    {
        var type = new EmbeddedType { Name = "externalHandlerProcessConfig", Plural = "externalHandlerProcessConfigs" };
        type.Plain("name", "string").Creatable().Required();
        type.Plain("onError", "string").Creatable();
        return type;
    }

    protected override async Task CreatedAsync(ApiContext context, ExternalHandlerRow row)
    {
        await base.CreatedAsync(context, row);
        var now = context.Now();
        foreach (var config in HandlerConfig.Read(context.Http.Items[nameof(HandlerConfig)] as JsonArray))
        {
            var process = await context.Db.ExternalHandlerProcesses.FirstOrDefaultAsync(p => p.Name == config.Process, context.Aborted);
            if (process is null)
            {
                process = New<ExternalHandlerProcessRow>("externalHandlerProcess", context, now);
                process.Name = config.Process;
                context.Db.Add(process);
                await context.Db.StoreAsync("api.create", context.Aborted);
            }

            var map = New<ExternalHandlerMapRow>("externalHandlerExternalHandlerProcessMap", context, now);
            (map.HandlerId, map.ProcessId, map.ProcessName, map.OnError, map.EventName) = (row.Id, process.Id, config.Process, config.OnError, config.EventName);
            context.Db.Add(map);
        }

        await context.Db.StoreAsync("api.create", context.Aborted);
        await NudgeAsync(context, row.Id);
    }

    protected override Task PrepareAsync(ApiContext context, ExternalHandlerRow row, JsonObject body)
    {
        context.Http.Items[nameof(HandlerConfig)] = body["processConfigs"];
        return Task.CompletedTask;
    }

    protected override async Task RemoveAsync(ApiContext context, ExternalHandlerRow row)
    {
        await base.RemoveAsync(context, row);
        foreach (var map in await context.Db.ExternalHandlerMaps.Where(m => m.HandlerId == row.Id && m.Removed == null).ToListAsync(context.Aborted))
        {
            map.State = "removed";
            map.Removed = context.Now();
        }

        await NudgeAsync(context, row.Id);
    }

    private static TRow New<TRow>(string kind, ApiContext context, DateTimeOffset now)
        where TRow : ResourceRow, new() =>
        new() { Uuid = Guid.NewGuid().ToString(), Kind = kind, State = "active", AccountId = context.Caller.AccountId, Created = now };

    private void Changed(ExternalHandlerRow row) => _engine.Wake.Set();

    /// <summary>Processes that wait for a handler, or for one that has gone, look again after the commit.</summary>
    private async Task NudgeAsync(ApiContext context, long handlerId)
    {
        var names = await context.Db.ExternalHandlerMaps.Where(m => m.HandlerId == handlerId).Select(m => m.ProcessName).ToListAsync(context.Aborted);
        await _engine.HandlersChangedAsync(context.Db, names, context.Aborted);
    }
}

/// <summary>One entry of <c>processConfigs</c>: a process, perhaps an event name of its own, and what to start on an error.</summary>
internal sealed record HandlerConfig(string Process, string? EventName, string? OnError)
{
    public static IReadOnlyList<HandlerConfig> Read(JsonArray? configs)
    {
        var all = new List<HandlerConfig>();
        foreach (var config in configs?.OfType<JsonObject>() ?? [])
        {
            var onError = config["onError"] is { } error ? FieldFormat.Scalar("processConfigs.onError", error) : null;
            foreach (var part in FieldFormat.Scalar("processConfigs.name", config["name"]).Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
            {
                var (name, eventName) = part.Split(':', 2) is [var process, var own] ? (process, own) : (part, null);
                if (name.Length > 128 || eventName?.Length > 128)
                {
                    throw ApiError.Invalid("MaxLengthExceeded", "processConfigs", "The name of a process may have 128 characters.");
                }

                all.Add(new HandlerConfig(name.StartsWith("environment.", StringComparison.Ordinal) ? "stack" + name[11..] : name, eventName, onError));
            }
        }

        return [.. all.DistinctBy(c => c.Process)];
    }
}

/// <summary>Processes that handlers take part in, to read.</summary>
internal sealed class ExternalHandlerProcessType : StoredType<ExternalHandlerProcessRow>
{
    public ExternalHandlerProcessType()
        : base("externalHandlerProcess", Lifecycles.Generic) =>
        Access.Allow(Roles.Service | Roles.Admin, Verbs.Read);
}

/// <summary>Which handler takes part in which process, to read.</summary>
internal sealed class ExternalHandlerMapType : StoredType<ExternalHandlerMapRow>
{
    public ExternalHandlerMapType()
        : base("externalHandlerExternalHandlerProcessMap", Lifecycles.Generic)
    {
        Access.Allow(Roles.Service | Roles.Admin, Verbs.Read);
        Reference("externalHandlerId", "externalHandler", "eh", r => r.HandlerId).Filter(nameof(ExternalHandlerMapRow.HandlerId));
        Reference("externalHandlerProcessId", "externalHandlerProcess", "ehp", r => r.ProcessId).Filter(nameof(ExternalHandlerMapRow.ProcessId));
        Column("onError", "string", r => r.OnError);
        Column("eventName", "string", r => r.EventName);
    }
}
