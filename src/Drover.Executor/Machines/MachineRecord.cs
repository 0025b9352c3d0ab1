using System.Text.Json;
using System.Text.Json.Serialization;
using Drover.Api.Machines;

namespace Drover.Executor.Machines;

/// <summary><c>machine.json</c> in the sandbox: what runs, or ran, for this task. No secrets: sandboxes are readable through Mesos.</summary>
internal sealed record MachineRecord
{
    public required string TaskId { get; init; }

    public required string MachineId { get; init; }

    public required string ExternalId { get; init; }

    public required string Name { get; init; }

    public required int ExecutorPid { get; init; }

    public required string StateDirectory { get; init; }

    public required string ImageDigest { get; init; }

    public MachinePhase Phase { get; init; }

    public AcceleratorChoice? Accelerator { get; init; }

    public StartChoice? Start { get; init; }

    /// <summary>The process that is the machine; kept after its end.</summary>
    public ProcessRecord? Process { get; init; }

    public IReadOnlyList<StageRecord> Stages { get; init; } = [];

    /// <summary>The stage and cause of a failure.</summary>
    public string? FailedAt { get; init; }

    public string? Cause { get; init; }

    /// <summary>Everything but the logs is removed.</summary>
    public bool Removed { get; init; }
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, WriteIndented = true, UseStringEnumConverter = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(MachineRecord))]
internal sealed partial class MachineRecordJson : JsonSerializerContext;

/// <summary>Keeps <see cref="MachineRecord"/> in the sandbox, whole or not at all.</summary>
internal sealed class MachineJournal(string sandbox, ExecutorOptions options)
{
    internal const string FileName = "machine.json";

    /// <summary>Writes it, with <see cref="ExecutorOptions.Reached"/> called as <c>machine.STEP:before</c> and <c>:after</c>.</summary>
    /// <remarks>A full disk must not keep us from stopping and removing a machine, so it is only logged: the record is for those who look later.</remarks>
    internal void Write(string step, MachineRecord record)
    {
        options.Reached?.Invoke($"machine.{step}:before");
        var path = Path.Combine(sandbox, FileName);
        try
        {
            File.WriteAllBytes(path + ".new", JsonSerializer.SerializeToUtf8Bytes(record, MachineRecordJson.Default.MachineRecord));
            File.Move(path + ".new", path, overwrite: true);
        }
        catch (IOException e)
        {
            options.Log($"{FileName} not written at '{step}': {e.Message}");
        }

        options.Reached?.Invoke($"machine.{step}:after");
    }
}
