using Drover.Executor.Networking;
using Drover.Executor.Processes;
using Drover.Executor.Qemu;

namespace Drover.Executor.Tests.Qemu;

public sealed class QemuTests
{
    [Fact]
    public Task Arguments_Tcg_AreAsReviewed() => Snapshot.MatchAsync(Text(Plan("tcg")), "qemu-tcg");

    [Fact]
    public Task Arguments_Kvm_AreAsReviewed() => Snapshot.MatchAsync(Text(Plan("kvm")), "qemu-kvm");

    [Fact]
    public Task Arguments_UefiImage_AreAsReviewed() => Snapshot.MatchAsync(Text(Plan("kvm") with { Boot = new BootSource.Firmware("seed.iso", new UefiFiles("/firmware/code.fd", "vars.fd")) }), "qemu-uefi");

    [Fact]
    public void Arguments_BiosImage_NameNoKernelAndTakeARestart()
    {
        var arguments = (Plan("tcg") with { Boot = new BootSource.Firmware("seed.iso", null) }).Arguments();

        Assert.DoesNotContain("-kernel", arguments);
        Assert.DoesNotContain("reboot=shutdown", arguments);
        Assert.Contains("virtio-blk-pci,drive=disk,id=vda,bootindex=0", arguments);
        Assert.Contains("q35,hpet=off,usb=off", arguments);
    }

    [Fact]
    public void Arguments_ExtraDisks_AreCardsWithTheirNameAsSerial()
    {
        var plan = Plan("tcg");
        plan = plan with { Task = plan.Task with { Disks = [new Drover.Api.Machines.ExtraDisk { Name = "data", Bytes = 1 << 30 }] } };

        Assert.Contains("driver=file,node-name=extra0-file,filename=disk-data.qcow2,discard=unmap", plan.Arguments());
        Assert.Contains("virtio-blk-pci,drive=extra0-disk,id=extra0,serial=data", plan.Arguments());
        Assert.Equal(["vda", "extra0"], QemuPlan.DiskDevices(plan.Task));
    }

    [Fact]
    public void Arguments_MemoryOfATemplateOrCopy_IsNeverGivenBack()
    {
        Assert.Contains(Plan("tcg").Arguments(), argument => argument.Contains("balloon", StringComparison.Ordinal));
        foreach (var memory in new QemuMemoryPlan[] { new QemuMemoryPlan.Kept("/proc/self/fd/40"), new QemuMemoryPlan.Copied("/proc/self/fd/40", "/proc/self/fd/41") })
        {
            Assert.DoesNotContain((Plan("tcg") with { Memory = memory }).Arguments(), argument => argument.Contains("balloon", StringComparison.Ordinal));
        }
    }

    [Fact]
    public void Arguments_NameWithCommas_StaysOneValue()
    {
        var plan = Plan("tcg");
        plan = plan with { Task = plan.Task with { Name = "a,debug-threads=on" } };

        Assert.Contains("guest=a,,debug-threads=on in /data/mesos/run", plan.Arguments());
    }

    [Theory]
    [InlineData(512, 64)]
    [InlineData(2048, 64)]
    [InlineData(4096, 128)]
    [InlineData(65536, 256)]
    public void Arguments_TranslationBuffer_FollowsTheMemory(long mebibytes, int buffer)
    {
        var plan = Plan("tcg");
        plan = plan with { Task = plan.Task with { MemoryBytes = mebibytes << 20 } };

        Assert.Contains($"tcg,thread=multi,tb-size={buffer}", plan.Arguments());
    }

    [Theory]
    [InlineData(0.1, "1")]
    [InlineData(1.0, "1")]
    [InlineData(1.5, "2")]
    [InlineData(4.0, "4")]
    public void Arguments_Cpus_AreRoundedUp(double cpus, string expected)
    {
        var plan = Plan("tcg");
        var arguments = (plan with { Task = plan.Task with { Cpus = cpus } }).Arguments().ToList();

        Assert.Equal(expected, arguments[arguments.IndexOf("-smp") + 1]);
    }

    [Theory]
    [InlineData("QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18+b3)", "7.2.22")]
    [InlineData("QEMU emulator version 10.0.0", "10.0.0")]
    [InlineData("QEMU emulator version 9.1", "9.1")]
    [InlineData("something else", null)]
    public void Version_OfFirstLine_IsRead(string line, string? expected) => Assert.Equal(expected, QemuVersion.Read(line)?.ToString());

    [Theory]
    [InlineData("guest-shutdown", "powered itself off")]
    [InlineData("guest-reset", "restarted before it was up")]
    [InlineData("guest-panic", "panicked")]
    [InlineData(null, "QEMU died: aborted (SIGABRT): could not open disk image")]
    public void Cause_OfAnEnd_IsASentence(string? reason, string expected) =>
        Assert.Contains(expected, QemuMachine.CauseOf(reason, new ProcessExit(0, 6), ["could not open disk image"]), StringComparison.Ordinal);

    [Fact]
    public void User_IsUnprivilegedWhereverPossible()
    {
        (uint, uint) nobody = (65534, 65534);
        Assert.Equal(new QemuUser(null, null), QemuUser.Decide("tcg", dropPrivileges: true, root: false, nobody, null));
        Assert.Equal(new ProcessUser(65534, 65534), QemuUser.Decide("tcg", true, true, nobody, null).User);
        Assert.Equal(new ProcessUser(65534, 65534, 104), QemuUser.Decide("kvm", true, true, nobody, 104).User);
        Assert.Equal(new ProcessUser(65534, 65534), QemuUser.Decide("kvm", true, true, nobody, 0).User);

        var onlyRoot = QemuUser.Decide("kvm", true, true, nobody, null);
        Assert.Null(onlyRoot.User);
        Assert.Contains("/dev/kvm", onlyRoot.Reason, StringComparison.Ordinal);
        Assert.NotNull(QemuUser.Decide("tcg", true, true, null, null).Reason);
        Assert.NotNull(QemuUser.Decide("tcg", false, true, nobody, null).Reason);
    }

    private static QemuPlan Plan(string accelerator) =>
        new(Tasks.Simulated("/state") with { Cpus = 2 }, "/data/mesos/run", accelerator, [Card()], new BootSource.Kernel("/proc/self/fd/30", "/proc/self/fd/31"), "/proc/self/fd/32");

    private static NetworkCard Card() => new() { Id = "net0", Mac = "52:54:00:01:02:03", Backend = json => json.WriteString("type", "user") };

    private static string Text(QemuPlan plan) =>
        string.Concat(plan.Arguments().Select(argument => argument.StartsWith('-') ? "\n" + argument : " " + argument)).TrimStart() + "\n";
}
