using System.Text.Json.Nodes;
using Drover.Server.Api;
using Drover.Server.Api.Registry;
using Drover.Server.Api.Requests;
using Drover.Server.Audit;
using Drover.Server.Processes;
using Drover.Server.Storage;
using Microsoft.EntityFrameworkCore;

namespace Drover.Server.Machines;

/// <summary>The action clone: a new machine that starts with a copy of this one's disk. It is a machine in every respect, made by the process of every other.</summary>
/// <remarks>Size, image, network and labels are the source's; protection, date of removal, snapshots, limits and ports are not.</remarks>
internal static class MachineClone
{
    public const string CopyOf = "copyOf";

    public static EmbeddedType Input()
    {
        var type = new EmbeddedType { Name = "machineCloneInput", Plural = "machineCloneInputs" };
        type.Plain("name", "string").Creatable().Required().Length(1, MachineName.MaxLength).Checked(MachineName.Check).Says("Of the new machine.");
        return type;
    }

    public static void AddTo(MachineType type, ProcessEngine engine, MachineExpiry expiry) => type.Actions.Add(new ActionRule
    {
        Name = "clone",
        Roles = Roles.Infrastructure | Roles.User,
        Input = "machineCloneInput",
        Output = "machine",
        Available = row => row.State is "active" or "stopped",
        Run = async (context, row, body) =>
        {
            var input = await FieldChecks.ForInputAsync(context.Registry().Find("machineCloneInput")!, context, body);
            var clone = await MakeAsync(context, (MachineRow)row, (string)input["name"]!);
            engine.Schedule(context.Db, clone, MachineProcesses.Create);
            context.Db.AfterCommit(expiry.Changed.Set);
            context.Audit("machine", "create", clone);
            return type.Write(clone, context.Output with { JustCreated = true });
        },
    });

    private static async Task<MachineRow> MakeAsync(ApiContext context, MachineRow source, string name)
    {
        var key = MachineName.Key(name);
        if (await context.Db.Machines.AnyAsync(m => m.AccountId == source.AccountId && m.NameKey == key, context.Aborted))
        {
            throw ApiError.Invalid("NotUnique", "name", $"There is a machine '{name}' in this environment already.");
        }

        var clone = new MachineRow
        {
            Uuid = Guid.NewGuid().ToString(),
            Kind = source.Kind,
            State = "requested",
            AccountId = source.AccountId,
            Created = context.Now(),
            Name = name,
            NameKey = key,
            Driver = source.Driver,
            Description = source.Description,
            Fields = new JsonObject
            {
                [MesosConfig.Name] = source.Fields[MesosConfig.Name]?.DeepClone(),
                ["labels"] = source.Fields["labels"]?.DeepClone(),
                [CopyOf] = Ids.Format(MachineProcesses.IdLetters, source.Id),
            },
        };
        context.Db.Add(clone);
        await context.Db.StoreAsync("api.clone", context.Aborted);
        return clone;
    }
}
