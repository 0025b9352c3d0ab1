using Drover.Executor.Accelerators;
using Drover.Executor.Machines;
using Microsoft.Extensions.Time.Testing;

namespace Drover.Executor.Tests.Accelerators;

public sealed class AcceleratorTests
{
    private static readonly AcceleratorFacts Here = new("6.1.0", "QEMU emulator version 7.2.22", "rw, owner 0:104", "Some CPU", 0);
    private static readonly ProbeResult Works = new(true, "", Certain: true);
    private static readonly ProbeResult Refuses = new(false, "it does not run a guest: failed to set MSR 0x10a", Certain: true);
    private static readonly ProbeResult TooSlow = new(false, "a test guest did not come up within 5 seconds", Certain: false);

    private readonly FakeTimeProvider time = new(DateTimeOffset.Parse("2026-01-01T00:00:00Z", System.Globalization.CultureInfo.InvariantCulture));
    private int probes;

    [Fact]
    public async Task Auto_ProbeWorks_IsKvm()
    {
        using var folder = new TestFolder();

        Assert.Equal("kvm", (await ChooseAsync(folder, "auto", Works)).Name);
    }

    [Fact]
    public async Task Auto_ProbeFails_IsTcgAndSaysWhyAndWhatItCosts()
    {
        using var folder = new TestFolder();
        var choice = await ChooseAsync(folder, "auto", Refuses);

        Assert.Equal("tcg", choice.Name);
        Assert.Contains("10–30 times slower", choice.Reason, StringComparison.Ordinal);
        Assert.Contains("/dev/kvm exists, but it does not run a guest: failed to set MSR 0x10a", choice.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Auto_NoDevice_IsTcgWithoutAProbe()
    {
        using var folder = new TestFolder();
        var choice = await ChooseAsync(folder, "auto", Works, whyNot: "/dev/kvm does not exist");

        Assert.Equal(("tcg", 0), (choice.Name, probes));
        Assert.Contains("does not exist", choice.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Kvm_AskedForAndBroken_FailsWithTheReason()
    {
        using var folder = new TestFolder();

        var e = await Assert.ThrowsAsync<MachineException>(() => ChooseAsync(folder, "kvm", Refuses));

        Assert.Contains("MSR 0x10a", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tcg_AskedFor_NeedsNoProbe()
    {
        using var folder = new TestFolder();

        Assert.Equal(("tcg", 0), ((await ChooseAsync(folder, "tcg", Works)).Name, probes));
    }

    [Fact]
    public async Task Probe_TenExecutorsAtOnce_RunsOnce()
    {
        using var folder = new TestFolder();
        var choices = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => Task.Run(() => ChooseAsync(folder, "auto", Refuses, system: true), TestContext.Current.CancellationToken)));

        Assert.Equal(1, probes);
        Assert.All(choices, choice => Assert.Equal("tcg", choice.Name));
    }

    [Fact]
    public async Task Memory_OtherFacts_ProbesAgain()
    {
        using var folder = new TestFolder();
        await ChooseAsync(folder, "auto", Refuses);
        Assert.Equal("kvm", (await ChooseAsync(folder, "auto", Works, facts: Here with { KernelRelease = "6.12.0" })).Name);
        await ChooseAsync(folder, "auto", Works, facts: Here with { KernelRelease = "6.12.0" });

        Assert.Equal(2, probes);
    }

    [Fact]
    public async Task Memory_ProbeRanOutOfTime_HoldsOnlyForAWhile()
    {
        using var folder = new TestFolder();
        await ChooseAsync(folder, "auto", TooSlow);
        await ChooseAsync(folder, "auto", TooSlow);
        Assert.Equal(1, probes);
        time.Advance(TimeSpan.FromMinutes(31));

        Assert.Equal("kvm", (await ChooseAsync(folder, "auto", Works)).Name);
    }

    [Fact]
    public async Task Memory_DamagedFile_ProbesAgain()
    {
        using var folder = new TestFolder();
        await File.WriteAllTextAsync(folder["accelerator.json"], "{\"facts\":", TestContext.Current.CancellationToken);

        Assert.Equal("kvm", (await ChooseAsync(folder, "auto", Works)).Name);
    }

    private Task<AcceleratorChoice> ChooseAsync(TestFolder folder, string asked, ProbeResult result, string? whyNot = null, AcceleratorFacts? facts = null, bool system = false) =>
        new AcceleratorSelector(folder.Path, system ? TimeProvider.System : time).ChooseAsync(asked, facts ?? Here, whyNot, _ =>
        {
            Interlocked.Increment(ref probes);
            return Task.FromResult(result);
        }, new Progress<string>(), TestContext.Current.CancellationToken);
}
