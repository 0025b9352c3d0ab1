using System.Text.Json;
using System.Text.Json.Serialization;

namespace Drover.Executor.Ledger;

/// <summary>Who owns what was made on this computer for one task: <c>STATE/ledger/TASK.json</c>. No secrets.</summary>
/// <remarks>Everything that a task makes outside its process is found from here: its files by the sandbox, its process by <c>machine.json</c> in
/// there, its network by the external id.</remarks>
internal sealed record LedgerRecord
{
    public required string TaskId { get; init; }

    /// <summary>A name of <c>TaskKind</c>.</summary>
    public required string Kind { get; init; }

    public required string MachineId { get; init; }

    public required string ExternalId { get; init; }

    public required string Name { get; init; }

    public required string Network { get; init; }

    public required string Sandbox { get; init; }

    public required int ExecutorPid { get; init; }

    /// <summary>Clock ticks since boot: with the pid it names one process for ever.</summary>
    public long? ExecutorStartTime { get; init; }

    public required DateTimeOffset Since { get; init; }
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, WriteIndented = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(LedgerRecord))]
[JsonSerializable(typeof(IReadOnlyList<LedgerEntry>))]
internal sealed partial class LedgerJson : JsonSerializerContext;
