using System.Globalization;
using System.Text.Json.Nodes;
using Drover.Api;
using Drover.Server.Api.Registry;
using Drover.Server.Api.Requests;
using Drover.Server.Processes;
using Drover.Server.Storage;

namespace Drover.Server.Machines;

/// <summary>What can be asked of a machine that is there: actions of the resource, each carried out by whoever runs the machine.</summary>
/// <remarks>An action checks its input, stores the wish on the machine and starts a process of <see cref="Lifecycles.Machine"/>; the wish goes along with the
/// process's event as <c>data.command</c>. Its id stays the same however often the event is sent, so that it is carried out once.</remarks>
internal static class MachineCommands
{
    /// <summary>In the machine's data and in the event: id, verb, arguments.</summary>
    public const string Wish = "command";

    private const int MostSnapshots = 16;
    private const int MostForwards = 32;

    public static IEnumerable<EmbeddedType> Inputs()
    {
        var power = new EmbeddedType { Name = "machinePowerInput", Plural = "machinePowerInputs" };
        power.Plain("force", "boolean").Creatable().Default(false).Says("Do not ask the guest: what it has not written to its disk is lost.");
        yield return power;
        var resize = new EmbeddedType { Name = "machineResizeInput", Plural = "machineResizeInputs" };
        resize.Plain("disk", "string").Creatable().Says("The disk's new size, larger than before; the machine goes on meanwhile. By itself.");
        resize.Plain("cpus", "float").Creatable().Says("The new number of CPUs; the machine shuts down and starts again.");
        resize.Plain("memory", "string").Creatable().Says("The new memory; the machine shuts down and starts again.");
        yield return resize;
        var forward = new EmbeddedType { Name = "machineForwardInput", Plural = "machineForwardInputs" };
        forward.Plain("ports", "array[string]").Creatable().Required().Says("All ports that lead into the guest, such as 8080:80: of the loopback of the computer that runs it, and of the guest. Empty: none.");
        yield return forward;
        yield return Named("machineSnapshotInput").Describe("Of the new snapshot; null: made of the time.", required: false);
        yield return Named("machineSnapshotName").Describe("Of an existing snapshot.", required: true);
        var limits = new EmbeddedType { Name = "machineLimits", Plural = "machineLimits" };
        limits.Plain("diskOperations", "int").Creatable().Range(1, 10_000_000).Says("Requests per second of each disk; null: no limit.");
        limits.Plain("diskBytes", "string").Creatable().Says("Bytes per second of each disk, such as 50MiB; null: no limit.");
        limits.Plain("networkBytes", "string").Creatable().Says("Bytes per second of its network, each way, such as 10MiB; null: no limit. Not in the network user.");
        yield return limits;
    }

    public static void AddTo(MachineType type, ProcessEngine engine)
    {
        Add("stop", "machinePowerInput", "stop", ["active"], (_, input) => new JsonObject { ["force"] = input["force"]?.DeepClone() });
        Add("start", null, "start", ["stopped"], (_, _) => []);
        Add("reboot", "machinePowerInput", "reboot", ["active"], (_, input) => new JsonObject { ["force"] = input["force"]?.DeepClone() });
        Add("resize", "machineResizeInput", "update", [.. Standing, .. MachineResize.UnderWay], Resize);
        Add("limit", "machineLimits", "update", Standing, Limit);
        Add("forward", "machineForwardInput", "update", ["active"], Forward);
        Add("check", null, "update", ["active"], (_, _) => []);
        Add("snapshot", "machineSnapshotInput", "update", Standing, Snapshot);
        Add("restore", "machineSnapshotName", "update", Standing, Existing);
        Add("removesnapshot", "machineSnapshotName", "update", Standing, Existing);

        void Add(string verb, string? input, string move, string[] states, Func<MachineRow, JsonObject, JsonObject> arguments) => type.Actions.Add(new ActionRule
        {
            Name = verb,
            Roles = Roles.Infrastructure,
            Input = input,
            Output = "machine",
            Available = row => states.Contains(row.State, StringComparer.Ordinal),
            Run = async (context, row, body) =>
            {
                var fields = input is null ? [] : await FieldChecks.ForInputAsync(context.Registry().Find(input)!, context, body);
                var machine = (MachineRow)row;
                var given = arguments(machine, fields);
                Store(machine, verb, given);
                if (verb == "resize" && MachineResize.IsOfTask(given))
                {
                    await MachineResize.StartAsync(context, engine, machine);
                    return null;
                }

                var process = move == "update" && row.State == "stopped" ? "updatestopped" : move;
                if (!engine.TryStart(context.Db, row, $"physicalhost.{process}"))
                {
                    throw new InvalidOperationException($"The action {verb} cannot start from {row.State}.");
                }

                return null;
            },
        });
    }

    /// <summary>What the machine's fields say once the wish was carried out; what the executor found comes with its answer.</summary>
    public static void Done(MachineRow row)
    {
        if (row.Data[Wish] is not JsonObject wish || (string?)wish["verb"] != "resize" || wish["arguments"] is not JsonObject arguments)
        {
            return;
        }

        var fields = (JsonObject)row.Fields.DeepClone();
        if (fields[MesosConfig.Name] is JsonObject config)
        {
            foreach (var (field, from) in new[] { ("disk", "size"), ("cpus", "cpus"), ("memory", "memory") })
            {
                if (arguments[from]?.DeepClone() is { } value)
                {
                    config[field] = value;
                }
            }

            row.Fields = fields;
        }
    }

    private static readonly string[] Standing = ["active", "stopped"];

    private static void Store(MachineRow row, string verb, JsonObject arguments)
    {
        var data = (JsonObject)row.Data.DeepClone();
        data[Wish] = new JsonObject { ["id"] = Guid.NewGuid().ToString("N"), ["verb"] = verb, ["arguments"] = arguments };
        row.Data = data;
    }

    private static JsonObject Resize(MachineRow row, JsonObject input)
    {
        if (input["cpus"] is not null || input["memory"] is not null)
        {
            return MachineResize.Arguments(row, input);
        }

        if (!Standing.Contains(row.State, StringComparer.Ordinal))
        {
            throw ApiError.Invalid("ActionNotAvailable", "disk", $"The machine is {row.State}: its disk grows once it is active again. Now only cpus and memory can be asked for anew.");
        }

        var text = input["disk"] is { } disk ? FieldFormat.Scalar("disk", disk) : throw ApiError.Invalid("MissingRequired", "disk", "Say the new size: \"cpus\": 2, \"memory\": \"2GiB\", or \"disk\": \"20GiB\".");
        var size = MesosConfig.DiskSize(text);
        var now = ByteSize.TryParse((string?)row.Fields[MesosConfig.Name]?["disk"], out var known) ? known : default;
        return size > now
            ? new JsonObject { ["disk"] = size.Bytes, ["size"] = size.ToString() }
            : throw ApiError.Invalid("MinLimitExceeded", "disk", $"The disk has {now} and can only grow; {size} is not more.");
    }

    private static JsonObject Limit(MachineRow row, JsonObject input)
    {
        var limits = new JsonObject { ["diskOperations"] = input["diskOperations"]?.DeepClone() };
        if (input["diskBytes"] is { } rate)
        {
            var text = FieldFormat.Scalar("diskBytes", rate);
            limits["diskBytes"] = ByteSize.TryParse(text, out var bytes) && bytes.Bytes >= 4096
                ? bytes.Bytes
                : throw ApiError.Invalid("InvalidFormat", "diskBytes", $"'{text}' is no number of bytes per second from 4KiB on; write 50MiB.");
        }

        if (input["networkBytes"] is { } network)
        {
            limits["networkBytes"] = NetworkLimit.Read(network, "networkBytes", (string?)row.Fields["network"]);
        }

        return limits;
    }

    private static JsonObject Forward(MachineRow row, JsonObject input)
    {
        var ports = (input["ports"] as JsonArray ?? []).Select(p => (string)p!).ToList();
        foreach (var text in ports)
        {
            if (text.Split(':') is not [var listen, var port] || !IsPort(listen) || !IsPort(port))
            {
                throw ApiError.Invalid("InvalidFormat", "ports", $"'{text}' is no pair of ports; write 8080:80, first the computer's, then the guest's.");
            }
        }

        return ports.Count > MostForwards ? throw ApiError.Invalid("MaxLimitExceeded", "ports", $"At most {MostForwards} ports lead into a machine.")
            : ports.Select(p => p.Split(':')[0]).Distinct(StringComparer.Ordinal).Count() < ports.Count ? throw ApiError.Invalid("NotUnique", "ports", "A port of the computer can lead to one place only.")
            : new JsonObject { ["ports"] = new JsonArray([.. ports.Select(p => (JsonNode)p)]) };
    }

    private static bool IsPort(string text) => ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0;

    private static JsonObject Snapshot(MachineRow row, JsonObject input)
    {
        var taken = Names(row);
        if (taken.Count >= MostSnapshots)
        {
            throw ApiError.Invalid("MaxLimitExceeded", "name", $"A machine may have at most {MostSnapshots} snapshots; remove one first.");
        }

        var name = (string?)input["name"] ?? $"s{Enumerable.Range(1, MostSnapshots).First(i => !taken.Contains($"s{i}", StringComparer.Ordinal))}";
        return taken.Contains(name, StringComparer.Ordinal)
            ? throw ApiError.Invalid("NotUnique", "name", $"There is a snapshot '{name}' of this machine already.")
            : new JsonObject { ["name"] = name };
    }

    private static JsonObject Existing(MachineRow row, JsonObject input)
    {
        var name = (string?)input["name"];
        var taken = Names(row);
        return taken.Contains(name, StringComparer.Ordinal)
            ? new JsonObject { ["name"] = name }
            : throw ApiError.Invalid("InvalidReference", "name", taken.Count == 0 ? "This machine has no snapshots." : $"This machine has no snapshot '{name}'; it has {string.Join(", ", taken)}.");
    }

    private static List<string?> Names(MachineRow row) =>
        [.. (row.Fields["snapshots"] as JsonArray ?? []).Select(s => (string?)s?["name"])];

    private static EmbeddedType Named(string name) => new() { Name = name, Plural = name + "s" };

    private static EmbeddedType Describe(this EmbeddedType type, string says, bool required)
    {
        var field = type.Plain("name", "string").Creatable().Length(1, 40).Chars("a-zA-Z0-9._-").Says(says);
        if (required)
        {
            field.Required();
        }

        return type;
    }
}
