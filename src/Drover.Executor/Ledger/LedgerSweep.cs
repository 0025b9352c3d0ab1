using System.Diagnostics;
using System.Text.Json;
using Drover.Executor.Disks;
using Drover.Executor.Machines;
using Drover.Executor.Networking;
using Drover.Executor.Processes;

namespace Drover.Executor.Ledger;

/// <summary>Clears up after executors that died without a last act: ends what runs for their machines and removes what those had.</summary>
/// <remarks>Every executor does it once for the others of its computer, and so do <c>drover up</c>, <c>drover down</c> and <c>drover doctor --repair</c>.
/// It may itself be killed between any two steps: each can be repeated, and the record goes last.</remarks>
internal static class LedgerSweep
{
    private static readonly TimeSpan LongestEnd = TimeSpan.FromSeconds(10);

    /// <summary>What was cleared up, in a sentence each; what could not be is said as well and stays recorded.</summary>
    internal static async Task<IReadOnlyList<string>> RunAsync(string stateDirectory, ExecutorOptions options, CancellationToken cancellationToken)
    {
        var said = new List<string>();
        foreach (var (record, hold) in new MachineLedger(stateDirectory).TakeAbandoned())
        {
            using (hold)
            {
                try
                {
                    await ClearAsync(record, stateDirectory, options, cancellationToken);
                    hold.Settle();
                    said.Add($"Cleared up after {record.Name} ({record.TaskId}), whose executor had died.");
                }
                catch (Exception e) when (e is IOException or UnauthorizedAccessException or MachineException)
                {
                    said.Add($"Could not clear up after {record.Name} ({record.TaskId}): {e.Message}");
                }
            }
        }

        try
        {
            new KeptDisks(stateDirectory, TimeProvider.System, options.Reached).RemoveHalves();
            said.AddRange(await NetworkSweep.RunAsync(stateDirectory, options, TimeProvider.System, cancellationToken));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or MachineException)
        {
            said.Add($"Could not clear up the networks and kept disks: {e.Message}");
        }

        return said;
    }

    private static async Task ClearAsync(LedgerRecord record, string stateDirectory, ExecutorOptions options, CancellationToken cancellationToken)
    {
        options.Reached?.Invoke("sweep.process:before");
        await EndAsync(record, cancellationToken);
        options.Reached?.Invoke("sweep.files:before");
        await new KeptDisks(stateDirectory, TimeProvider.System, options.Reached).RescueAsync(record.TaskId, record.Sandbox, cancellationToken);
        SandboxFiles.Remove(record.Sandbox);
        options.Reached?.Invoke("sweep.record:before");
    }

    /// <summary>A machine's process dies with its executor by the kernel's doing; this is for kernels and accidents that did not.</summary>
    private static async Task EndAsync(LedgerRecord record, CancellationToken cancellationToken)
    {
        if (MachineProcess.Of(record) is not { } process)
        {
            return;
        }

        _ = LibC.Kill(process.Pid, LibC.SigKill);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(LongestEnd);
        try
        {
            using var running = Process.GetProcessById(process.Pid);
            await running.WaitForExitAsync(limit.Token);
        }
        catch (ArgumentException)
        {
            // Gone already.
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new MachineException($"process {process.Pid} does not end.");
        }
    }
}

/// <summary>What a record's machine wrote of itself last, and the process that it is, if that lives.</summary>
internal static class MachineProcess
{
    internal static ProcessRecord? Of(LedgerRecord record) =>
        Last(record)?.Process is { StartTime: { } start } process && ProcessIdentity.StartTimeOf(process.Pid) == start ? process : null;

    /// <summary>Null when it has written nothing yet, or its sandbox was collected.</summary>
    internal static MachineRecord? Last(LedgerRecord record)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(Path.Combine(record.Sandbox, MachineJournal.FileName)), MachineRecordJson.Default.MachineRecord);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            return null;
        }
    }
}
