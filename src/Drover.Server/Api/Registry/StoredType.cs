using System.Text.Json.Nodes;
using Drover.Server.Api.Output;
using Drover.Server.Api.Requests;
using Drover.Server.Audit;
using Drover.Server.Processes;
using Drover.Server.Storage;
using Microsoft.EntityFrameworkCore;

namespace Drover.Server.Api.Registry;

/// <summary>A type with a table: list, get, create, update, delete, actions and links from its fields and rules.</summary>
/// <remarks>Capabilities override the hooks (<see cref="PrepareAsync"/>, <see cref="CreatedAsync"/>, <see cref="Scope"/>, <see cref="RemoveAsync"/>),
/// each of which runs inside the request's transaction.</remarks>
internal abstract class StoredType<TRow> : TableType<TRow>
    where TRow : ResourceRow, new()
{
    protected StoredType(string kind, Lifecycle lifecycle)
    {
        Kind = kind;
        Lifecycle = lifecycle;
        CommonFields.AddTo(this);
    }

    public Lifecycle Lifecycle { get; }

    protected string Kind { get; }

    /// <summary>Several types share the table and differ by kind.</summary>
    protected bool SharesTable { get; init; }

    public override bool Describes(ResourceRow row) => row is TRow && (!SharesTable || row.Kind == Kind);

    public override async Task<ApiResult> CreateAsync(ApiContext context, JsonObject body)
    {
        var row = new TRow
        {
            Uuid = Guid.NewGuid().ToString(),
            Kind = Kind,
            State = "requested",
            AccountId = context.Caller.AccountId,
            Created = context.Now(),
        };
        if (InEnvironment)
        {
            row.AccountId = await EnvironmentChoice.ForAsync(context, Name, body);
        }

        var fields = await FieldChecks.ForCreateAsync(this, context, body);
        foreach (var (field, value) in fields)
        {
            field.Set?.Invoke(row, value);
        }

        await PrepareAsync(context, row, body);
        context.Db.Add(row);
        await context.Db.StoreAsync("api.create", context.Aborted);
        await CreatedAsync(context, row);
        context.Audit(Name, "create", row);
        await context.Db.StoreAsync("api.create", context.Aborted);
        return new ApiResult(201, Write(row, context.Output with { JustCreated = true }));
    }

    public override async Task<ApiResult> UpdateAsync(ApiContext context, string id, JsonObject body)
    {
        var row = await FindAsync(context, id);
        if (row.Removed is not null)
        {
            throw ApiError.Method($"{Name} {id} is removed and cannot be changed.");
        }

        await MayChangeAsync(context, row);
        foreach (var (field, value) in await FieldChecks.ForUpdateAsync(this, context, row, body))
        {
            field.Set?.Invoke(row, value);
        }

        await UpdatedAsync(context, row);
        context.Audit(Name, "update", row);
        await context.Db.StoreAsync("api.update", context.Aborted);
        return ApiResult.Ok(Write(row, context.Output));
    }

    public override async Task<ApiResult> DeleteAsync(ApiContext context, string id)
    {
        var row = await FindAsync(context, id);
        await MayChangeAsync(context, row);
        await RemoveAsync(context, row);
        context.Audit(Name, "delete", row);
        await context.Db.StoreAsync("api.delete", context.Aborted);
        return ApiResult.Ok(Write(row, context.Output));
    }

    public override async Task<ApiResult> ActAsync(ApiContext context, string id, string action, JsonObject body)
    {
        var row = await FindAsync(context, id);
        var rule = Actions.FirstOrDefault(a => string.Equals(a.Name, action, StringComparison.OrdinalIgnoreCase))
            ?? throw ApiError.Invalid("InvalidAction", "action", $"{Name} has no action '{action}'.");
        if (!rule.Roles.HasFlag(context.Caller.Role))
        {
            throw ApiError.Forbidden($"Your role may not {action} this {Name}.");
        }

        if (!rule.Available(row))
        {
            throw ApiError.Invalid("ActionNotAvailable", "action", $"{Name} {id} is {row.State}; '{action}' is not possible in this state.");
        }

        var output = await rule.Run(context, row, body);
        context.Audit(Name, rule.Name, row);
        await context.Db.StoreAsync("api.action", context.Aborted);
        return new ApiResult(202, output ?? Write(row, context.Output));
    }

    public override async Task<ApiResult> LinkAsync(ApiContext context, string id, string link)
    {
        var row = await FindAsync(context, id);
        var rule = Links.FirstOrDefault(l => string.Equals(l.Name, link, StringComparison.OrdinalIgnoreCase) && l.Readers.HasFlag(context.Caller.Role))
            ?? throw ApiError.NotFound($"link '{link}' of {Name}");
        return rule.Custom is not null ? await rule.Custom(context, row) : await context.FollowAsync(rule, row);
    }

    public override async Task<ResourceRow?> FindRowAsync(AppDb db, long id, CancellationToken cancellationToken) =>
        await db.Set<TRow>().FirstOrDefaultAsync(x => x.Id == id, cancellationToken);

    public override JsonObject Write(ResourceRow row, OutputContext context) => Write((TRow)row, context);

    protected override JsonObject Write(TRow row, OutputContext context) => ResourceWriter.Write(this, Lifecycle, row, context);

    protected override IQueryable<TRow> Rows(AppDb db)
    {
        var rows = db.Set<TRow>().Where(x => x.State != "purged");
        return SharesTable ? rows.Where(x => x.Kind == Kind) : rows;
    }

    protected override IQueryable<TRow> Scope(ApiContext context, IQueryable<TRow> rows) =>
        context.Caller.SeesAll ? rows : rows.Where(x => x.AccountId == context.Caller.AccountId);

    protected override IQueryable<TRow> HideRemoved(IQueryable<TRow> rows, DateTimeOffset since) =>
        rows.Where(x => x.Removed == null || x.Removed > since);

    /// <summary>Completes and checks a new row before it is stored.</summary>
    protected virtual Task PrepareAsync(ApiContext context, TRow row, JsonObject body) => Task.CompletedTask;

    /// <summary>Runs once the row has its id; by default it passes create and activate at once.</summary>
    protected virtual Task CreatedAsync(ApiContext context, TRow row)
    {
        row.State = Lifecycle.Start("create", row.State) is { } creating ? Lifecycle.Pass("activate", creating) ?? "active" : "active";
        return Task.CompletedTask;
    }

    protected virtual Task UpdatedAsync(ApiContext context, TRow row) => Task.CompletedTask;

    /// <summary>Refuses changes to a row that the caller may only see.</summary>
    protected virtual Task MayChangeAsync(ApiContext context, TRow row) => Task.CompletedTask;

    /// <summary>DELETE, and the action remove. By default the lifecycle's remove at once, 405 from a state where it may not start.</summary>
    protected virtual Task RemoveAsync(ApiContext context, TRow row)
    {
        row.State = Lifecycle.Pass("remove", row.State)
            ?? throw ApiError.Method($"{Name} is {row.State}; deactivate it first.");
        row.Removed = context.Now();
        return Task.CompletedTask;
    }

    /// <summary>Actions that need nobody's help: the lifecycle's process passes at once.</summary>
    protected void PassingAction(string name, Roles roles, Action<TRow>? also = null) => Actions.Add(new ActionRule
    {
        Name = name,
        Roles = roles,
        Output = Name,
        Available = row => Lifecycle.Start(name, row.State) is not null,
        Run = async (context, row, _) =>
        {
            await MayChangeAsync(context, (TRow)row);
            row.State = Lifecycle.Pass(name, row.State)!;
            also?.Invoke((TRow)row);
            return null;
        },
    });

    protected void RemoveAction(Roles roles) => Actions.Add(new ActionRule
    {
        Name = "remove",
        Roles = roles,
        Output = Name,
        Available = row => Lifecycle.Start("remove", row.State) is not null,
        Run = async (context, row, _) =>
        {
            await MayChangeAsync(context, (TRow)row);
            await RemoveAsync(context, (TRow)row);
            return null;
        },
    });

    /// <summary>A field that lives in the row's bag.</summary>
    protected Field Bag(string name, string type) => Add(new Field
    {
        Name = name,
        Type = type,
        Get = (row, _) => ((TRow)row).Fields[name]?.DeepClone(),
        Set = (row, value) => row.Fields[name] = value,
    });
}
