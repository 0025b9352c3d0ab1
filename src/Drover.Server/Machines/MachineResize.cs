using System.Text.Json.Nodes;
using Drover.Server.Api.Requests;
using Drover.Server.Processes;
using Drover.Server.Storage;

namespace Drover.Server.Machines;

/// <summary>Other CPUs and memory for a machine that is there: it shuts down and goes on, with its disk, in another task on the same agent machine.</summary>
/// <remarks>If there is no room for the new size the machine waits, off, and says why. While it waits another size may be asked for, also the old one.
/// A machine that was stopped is started by it.</remarks>
internal static class MachineResize
{
    public static IReadOnlyList<string> Processes { get; } = ["physicalhost.resize", "physicalhost.resizestopped"];

    /// <summary>States in which another size may be asked for.</summary>
    public static IReadOnlyList<string> UnderWay { get; } = ["resizing", "resizing-stopped"];

    /// <summary>Whether the wish changes what the task holds of the cluster.</summary>
    public static bool IsOfTask(JsonObject arguments) => arguments["milliCpus"] is not null || arguments["memoryBytes"] is not null;

    /// <summary>Checks the new size, by the rules of a new machine.</summary>
    public static JsonObject Arguments(MachineRow row, JsonObject input)
    {
        if (input["disk"] is not null)
        {
            throw ApiError.Invalid("InvalidOption", "disk", "Ask for the disk by itself: it grows while the machine runs.");
        }

        if (row.Fields[MesosConfig.Name] is not JsonObject config)
        {
            throw ApiError.Invalid("ActionNotAvailable", "action", "The machine has no mesosConfig.");
        }

        var (cpus, memory) = (MesosConfig.CpuCount(input["cpus"] ?? config["cpus"]), MesosConfig.MemorySize(input["memory"] ?? config["memory"]));
        if (!UnderWay.Contains(row.State, StringComparer.Ordinal) && cpus == (double?)config["cpus"] && memory.ToString() == (string?)config["memory"])
        {
            throw ApiError.Invalid("NotUnique", input["cpus"] is null ? "memory" : "cpus", $"The machine has {cpus} CPUs and {memory} already.");
        }

        return new JsonObject { ["cpus"] = cpus, ["memory"] = memory.ToString(), ["milliCpus"] = (long)Math.Round(cpus * 1000), ["memoryBytes"] = memory.Bytes };
    }

    /// <summary>Starts the process; one that is under way for another size is given up for it.</summary>
    public static async Task StartAsync(ApiContext context, ProcessEngine engine, MachineRow row)
    {
        if (UnderWay.Contains(row.State, StringComparer.Ordinal))
        {
            await engine.CancelAsync(context.Db, MachineProcesses.ResourceType, row.Id, "Another size was asked for.", context.Aborted);
        }

        if (!engine.TryStart(context.Db, row, row.State is "stopped" or "resizing-stopped" ? Processes[1] : Processes[0]))
        {
            throw new InvalidOperationException($"A resize cannot start from {row.State}.");
        }
    }
}
