using System.Text.Json.Nodes;
using Drover.Server.Api.Registry;
using Drover.Server.Api.Requests;
using Drover.Server.Consoles;
using Drover.Server.Images;
using Drover.Server.Processes;
using Drover.Server.Storage;
using Microsoft.EntityFrameworkCore;

namespace Drover.Server.Machines;

/// <summary>Machines: asked for with a driver's config, made by whoever handles <c>physicalhost.create</c> (cattle-api §3.2, §3.3).</summary>
/// <remarks>Life: requested → creating → bootstrapping → active → removing → removed → purged; error on the way. See <see cref="Lifecycles.Machine"/>.</remarks>
internal sealed class MachineType : StoredType<MachineRow>
{
    private readonly ProcessEngine _engine;
    private readonly ServerOptions _options;
    private readonly MachineExpiry _expiry;
    private readonly ImageShelf _images;

    public MachineType(ProcessEngine engine, MachineConsole console, MachineUsageLink usage, MachineExpiry expiry, ImageShelf images, ConsoleTickets consoles, ServerOptions options)
        : base("machine", Lifecycles.Machine)
    {
        (_engine, _expiry, _images, _options) = (engine, expiry, images, options);
        SharesTable = true;
        InEnvironment = true;
        Access.Allow(Roles.Infrastructure, Verbs.All)
            .Allow(Roles.User, Verbs.Read | Verbs.Create)
            .Allow(Roles.Restricted | Roles.ReadOnly, Verbs.Read);
        MachineFields.AddTo(this);
        FindField("name")!.Required().Length(1, MachineName.MaxLength).Checked(MachineName.Check);
        Actions.Add(new ActionRule
        {
            Name = "remove",
            Roles = Roles.Infrastructure,
            Output = "machine",
            Available = row => Lifecycle.Start("remove", row.State) is not null,
            Run = async (context, row, _) =>
            {
                await RemoveAsync(context, (MachineRow)row);
                return null;
            },
        });
        Actions.Add(new ActionRule
        {
            Name = "error",
            Roles = Roles.Service | Roles.Admin,
            Input = "machineErrorInput",
            Output = "machine",
            Available = row => Lifecycle.Start("error", row.State) is not null,
            Run = FailAsync,
        });
        MachineClone.AddTo(this, engine, expiry);
        MachineCommands.AddTo(this, engine);
        ConsoleAction.AddTo(this, consoles);
        Links.Add(new LinkRule { Name = "account", Target = "account", Id = r => r.AccountId });
        Links.Add(new LinkRule { Name = "hosts", Target = "host", ForeignProperty = nameof(HostRow.MachineId) });
        Links.Add(new LinkRule { Name = "agent", Target = "agent", Id = r => ((MachineRow)r).AgentId, Readers = Roles.Admin | Roles.Service });
        Links.Add(new LinkRule { Name = "processes", Target = "processInstance", Custom = ProcessesAsync, Readers = Roles.Clients & ~Roles.User });
        Links.Add(new LinkRule { Name = "usage", Target = "machineUsage", Custom = usage.ReadAsync, Readers = Roles.Clients });
        Links.Add(new LinkRule { Name = "console", Target = "machineConsole", Custom = console.ReadAsync, Readers = Roles.Clients });
    }

    protected override async Task PrepareAsync(ApiContext context, MachineRow row, JsonObject body)
    {
        if (body.Any(p => p.Key.EndsWith("Config", StringComparison.Ordinal) && p.Value is not null && p.Key != MesosConfig.Name && p.Value is not JsonObject))
        {
            throw ApiError.Invalid("InvalidFormat", body.First(p => p.Key.EndsWith("Config", StringComparison.Ordinal)).Key, "A driver's config must be an object.");
        }

        var configs = body.Count(p => p.Key.EndsWith("Config", StringComparison.Ordinal) && p.Value is JsonObject);
        if (configs != 1 || row.Fields[MesosConfig.Name] is not JsonObject config)
        {
            throw new ApiError(422, "DriverConfigExactlyOneRequired", $"A machine needs exactly one driver config; this server has the driver mesos: \"{MesosConfig.Name}\": {{}}.");
        }

        config["network"] ??= _options.DefaultNetwork;
        row.Fields[MesosConfig.Name] = MesosConfig.Normalize(config, _options.Images?.Invoke(), image => _images.Find(image)?.Manifest?.Kind);
        MachineKeeping.Settle(row, null, context.Now());
        row.NameKey = MachineName.Key(row.Name!);
        if (await context.Db.Machines.AnyAsync(m => m.AccountId == row.AccountId && m.NameKey == row.NameKey, context.Aborted))
        {
            throw ApiError.Invalid("NotUnique", "name", $"There is a machine '{row.Name}' in this environment already.");
        }
    }

    protected override Task CreatedAsync(ApiContext context, MachineRow row)
    {
        _engine.Schedule(context.Db, row, MachineProcesses.Create);
        context.Db.AfterCommit(_expiry.Changed.Set);
        return Task.CompletedTask;
    }

    protected override async Task UpdatedAsync(ApiContext context, MachineRow row)
    {
        var key = MachineName.Key(row.Name!);
        if (row.NameKey != key && await context.Db.Machines.AnyAsync(m => m.AccountId == row.AccountId && m.NameKey == key && m.Id != row.Id, context.Aborted))
        {
            throw ApiError.Invalid("NotUnique", "name", $"There is a machine '{row.Name}' in this environment already.");
        }

        row.NameKey = key;
        MachineKeeping.Settle(row, context.Db.Entry(row), context.Now());
        context.Db.AfterCommit(_expiry.Changed.Set);
    }

    /// <summary>Works from every state: what still runs for the machine is cancelled. Asked twice it changes nothing more.</summary>
    protected override async Task RemoveAsync(ApiContext context, MachineRow row)
    {
        if (row.State is not ("removing" or "removed" or "purging"))
        {
            MachineKeeping.RefuseIfProtected(row);
            await MachineRemoval.StartAsync(context.Db, _engine, row, context.Aborted);
        }
    }

    /// <summary>Who made the machine reports that it is lost.</summary>
    private async Task<JsonObject?> FailAsync(ApiContext context, ResourceRow row, JsonObject body)
    {
        if (body["data"] is JsonObject data)
        {
            ReplyData.Merge(row, data);
        }

        await _engine.CancelAsync(context.Db, MachineProcesses.ResourceType, row.Id, "The machine failed.", context.Aborted);
        row.TransitioningError = true;
        row.TransitioningMessage = body["message"] is { } message ? FieldFormat.Scalar("message", message) : "The machine failed.";
        _engine.TryStart(context.Db, row, MachineProcesses.Error);
        return null;
    }

    private static async Task<ApiResult> ProcessesAsync(ApiContext context, ResourceRow row)
    {
        context.Narrow = new Narrowing(nameof(ProcessRow.ResourceId), row.Id);
        return await context.Registry().Find("processInstance")!.ListAsync(context);
    }
}
