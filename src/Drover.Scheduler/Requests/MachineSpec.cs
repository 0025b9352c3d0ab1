using System.Text.Json;
using System.Text.Json.Nodes;
using Drover.Api;
using Drover.Api.Cattle;
using Drover.Api.Machines;
using Drover.Scheduler.Placement;

namespace Drover.Scheduler.Requests;

/// <summary>What was asked for: the machine's <c>mesosConfig</c>, with defaults filled in.</summary>
internal sealed record MachineSpec
{
    /// <summary>Thousandths of a CPU.</summary>
    public required long MilliCpus { get; init; }

    public required long MemoryBytes { get; init; }

    public required long DiskBytes { get; init; }

    public string Image { get; init; } = "drover";

    public string Network { get; init; } = "user";

    /// <summary><c>auto</c>: a spare or a copy of a template where there is one; <c>cold</c>: always boot.</summary>
    public string StartFrom { get; init; } = "auto";

    /// <summary>Disks beside the machine's own.</summary>
    public IReadOnlyList<ExtraDisk> Disks { get; init; } = [];

    /// <summary>A name of <see cref="MachineDisplay"/>.</summary>
    public string Display { get; init; } = MachineDisplay.Auto;

    /// <summary>Cloud-init user data, checked by the server.</summary>
    public string? UserData { get; init; }

    /// <summary>The id of the machine whose disks it starts with.</summary>
    public string? CopyOf { get; init; }

    public MachineLimits? Limits { get; init; }

    /// <summary>Ports of its computer that lead into it.</summary>
    public IReadOnlyList<string> Ports { get; init; } = [];

    /// <summary>In Marathon's form, see <see cref="PlacementConstraint"/>.</summary>
    public IReadOnlyList<string> Constraints { get; init; } = [];

    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    public IReadOnlyList<PlacementConstraint> ParsedConstraints() =>
        [.. Constraints.Select(c => PlacementConstraint.TryParse(c, out _)).OfType<PlacementConstraint>()];
}

/// <summary>Reads a machine resource into a <see cref="MachineSpec"/>.</summary>
internal static class MachineSpecReader
{
    private const long MaximumMilliCpus = 1024 * 1000;
    private static readonly ByteSize s_leastMemory = ByteSize.FromMebibytes(64);

    /// <summary>The specification, or every problem in one sentence each.</summary>
    public static MachineSpec? Read(CattleResource machine, out IReadOnlyList<string> problems)
    {
        var wrong = new List<string>();
        var config = new CattleResource(machine.Object("mesosConfig") ?? []);
        var cpus = Cpus(config, wrong);
        var memory = Size(config, "memory", ByteSize.FromGibibytes(1), wrong);
        var disk = Size(config, "disk", ByteSize.FromGibibytes(10), wrong);
        if (memory < s_leastMemory)
        {
            wrong.Add($"memory: {memory} is less than {s_leastMemory}.");
        }

        var constraints = Constraints(config, wrong);
        var disks = Disks(config, wrong);
        long? network = config.Text("networkBytes") is { Length: > 0 } ? Size(config, "networkBytes", default, wrong).Bytes : null;
        var display = Name(config, "display", MachineDisplay.Auto);
        problems = wrong;
        return wrong.Count > 0 ? null : new MachineSpec
        {
            MilliCpus = cpus,
            MemoryBytes = memory.Bytes,
            DiskBytes = disk.Bytes,
            Image = Name(config, "image", "drover"),
            Network = Name(config, "network", "user"),

            // Spares and templates have one disk, and no screen.
            StartFrom = disks.Count > 0 || display == MachineDisplay.Vga ? "cold" : Name(config, "startFrom", "auto"),
            Disks = disks,
            Display = display,
            UserData = config.Text("userData"),
            CopyOf = machine.Text("copyOf"),
            Limits = machine.Object("limits") is { } limits
                ? new MachineLimits { DiskOperations = Limit(limits, "diskOperations"), DiskBytes = Limit(limits, "diskBytes"), NetworkBytes = Limit(limits, "networkBytes") }
                : network is null ? null : new MachineLimits { NetworkBytes = network },
            Ports = [.. (machine.Array("ports") ?? []).OfType<JsonValue>().Select(port => port.ToString())],
            Constraints = constraints,
            Labels = machine.Map("labels"),
        };
    }

    private static long? Limit(JsonObject limits, string field) => new CattleResource(limits).Number(field) is { } number and > 0 ? (long)number : null;

    private static long Cpus(CattleResource config, List<string> problems)
    {
        if (config.Json["cpus"] is null)
        {
            return Amounts.Unit;
        }

        var milli = config.Number("cpus") is { } number && double.IsFinite(number) && Math.Abs(number) < MaximumMilliCpus ? Amounts.Milli(number) : 0;
        if (milli is < 1 or > MaximumMilliCpus)
        {
            problems.Add($"cpus: '{config.Text("cpus")}' is no number of CPUs above 0 and up to {MaximumMilliCpus / Amounts.Unit}.");
        }

        return milli;
    }

    private static ByteSize Size(CattleResource config, string field, ByteSize byDefault, List<string> problems)
    {
        if (config.Text(field) is not { Length: > 0 } text)
        {
            return byDefault;
        }

        if (ByteSize.TryParse(text, out var size) && size.Bytes > 0)
        {
            return size;
        }

        problems.Add($"{field}: '{text}' is no size such as 2GiB.");
        return byDefault;
    }

    private static List<ExtraDisk> Disks(CattleResource config, List<string> problems)
    {
        var disks = new List<ExtraDisk>();
        foreach (var text in (config.Array("disks") ?? []).OfType<JsonValue>().Select(v => v.ToString()))
        {
            if (text.Split(':', 2) is [{ Length: > 0 } name, var size] && ByteSize.TryParse(size, out var bytes) && bytes.Bytes > 0)
            {
                disks.Add(new ExtraDisk { Name = name, Bytes = bytes.Bytes });
            }
            else
            {
                problems.Add($"disks: '{text}' is no disk such as data:20GiB.");
            }
        }

        return disks;
    }

    private static List<string> Constraints(CattleResource config, List<string> problems)
    {
        var texts = config.Json["constraints"] switch
        {
            JsonArray array => [.. array.OfType<JsonValue>().Where(v => v.GetValueKind() == JsonValueKind.String).Select(v => v.GetValue<string>())],
            JsonValue value when value.GetValueKind() == JsonValueKind.String => value.GetValue<string>().Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).ToList(),
            _ => new List<string>(),
        };
        foreach (var text in texts)
        {
            if (PlacementConstraint.TryParse(text, out var problem) is null)
            {
                problems.Add($"constraints: {problem}");
            }
        }

        return texts;
    }

    private static string Name(CattleResource config, string field, string byDefault) =>
        config.Text(field) is { Length: > 0 } text ? text : byDefault;
}
