using Drover.Executor.Machines;
using Drover.Executor.Processes;

namespace Drover.Executor.Accelerators;

/// <summary>Chooses the fastest accelerator that really works here, and says what the choice costs.</summary>
internal sealed class AcceleratorSelector(string stateDirectory, TimeProvider time)
{
    internal const string Kvm = "kvm";
    internal const string Tcg = "tcg";
    private const string TcgCost = "tcg: software emulation, about 10–30 times slower than kvm";

    private readonly AcceleratorMemory memory = new(stateDirectory, time);

    /// <param name="asked"><c>auto</c>, <c>kvm</c> or <c>tcg</c>.</param>
    /// <param name="whyNotKvm">Null when this process may open the device.</param>
    /// <param name="probe">Boots something under KVM; called at most once per computer and <paramref name="facts"/>, however many executors ask.</param>
    /// <exception cref="MachineException">kvm was asked for and does not work.</exception>
    internal async Task<AcceleratorChoice> ChooseAsync(
        string asked, AcceleratorFacts facts, string? whyNotKvm, Func<CancellationToken, Task<ProbeResult>> probe, IProgress<string> progress, CancellationToken cancellationToken)
    {
        if (asked == Tcg)
        {
            return new AcceleratorChoice(Tcg, $"{TcgCost}; it was asked for");
        }

        var reason = whyNotKvm ?? await ProbeOnceAsync(facts, probe, progress, cancellationToken);
        return reason is null ? new AcceleratorChoice(Kvm, "kvm: hardware virtualisation, a test guest booted")
            : asked == Kvm ? throw new MachineException($"The accelerator kvm was asked for and does not work here: {reason}. Use auto or tcg.")
            : new AcceleratorChoice(Tcg, $"{TcgCost}; {reason}");
    }

    /// <summary>Null when KVM works, else the reason.</summary>
    private async Task<string?> ProbeOnceAsync(AcceleratorFacts facts, Func<CancellationToken, Task<ProbeResult>> probe, IProgress<string> progress, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(stateDirectory);
        using var turn = FileLock.Open(Path.Combine(stateDirectory, "accelerator.lock"));
        await turn.TakeAsync(exclusive: true, time, null, cancellationToken);
        if (memory.Recall(facts) is not { } result)
        {
            progress.Report("Trying whether kvm runs a guest here.");
            result = await probe(cancellationToken);
            memory.Remember(facts, result);
        }

        return result.Works ? null : $"{KvmDevice.Path} exists, but {result.Reason}";
    }
}
