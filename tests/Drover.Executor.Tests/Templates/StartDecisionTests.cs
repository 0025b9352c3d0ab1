using Drover.Api.Machines;
using Drover.Executor.Templates;

namespace Drover.Executor.Tests.Templates;

public sealed class StartDecisionTests
{
    private static readonly MachineTask Machine = Tasks.Simulated("/state");

    [Fact]
    public void Decide_EveryFinding_GivesWayStateAndReason()
    {
        Assert.Equal((StartWay.Template, TemplateState.Used), Decide(Machine, new TemplateFinding.Ready(Machine.DiskBytes)));
        Assert.Equal((StartWay.Cold, TemplateState.Off), Decide(Machine, new TemplateFinding.Ready(Machine.DiskBytes + 1)));
        Assert.Equal((StartWay.Cold, TemplateState.Absent), Decide(Machine, new TemplateFinding.Absent()));
        Assert.Equal((StartWay.Cold, TemplateState.Absent), Decide(Machine, new TemplateFinding.BeingMade()));
        Assert.Equal((StartWay.Cold, TemplateState.Broken), Decide(Machine, new TemplateFinding.Broken("its state is gone.")));
        Assert.Equal((StartWay.Cold, TemplateState.Off), Decide(Machine, new TemplateFinding.Refused("Everybody may write there.")));
        Assert.Equal((StartWay.Cold, TemplateState.Used), Decide(Machine with { Kind = TaskKind.Template }, new TemplateFinding.Ready(1)));
        Assert.Equal((StartWay.Cold, TemplateState.Absent), Decide(Machine with { Kind = TaskKind.Template }, new TemplateFinding.Absent()));
    }

    [Fact]
    public void WhyNever_ForeignImagesWishesAndDisks_AreNamed()
    {
        Assert.Null(StartDecision.WhyNever(Machine));
        Assert.Contains("cold boot", StartDecision.WhyNever(Machine with { StartFrom = "cold" }), StringComparison.Ordinal);
        Assert.Contains("foreign", StartDecision.WhyNever(Machine with { Image = Machine.Image with { Kind = ImageKind.Bios } }), StringComparison.Ordinal);
        Assert.Contains("extra disks", StartDecision.WhyNever(Machine with { Disks = [new ExtraDisk { Name = "data", Bytes = 1 }] }), StringComparison.Ordinal);
    }

    [Fact]
    public void Key_EveryFactThatDiffers_IsAnotherTemplate()
    {
        var facts = TemplateFacts.Of(Machine, "tcg", "QEMU 7.2", "qemu64", "-device x");
        TemplateFacts[] others =
        [
            facts with { ImageDigest = "b" }, facts with { Cpus = 2 }, facts with { MemoryBytes = 1 }, facts with { Accelerator = "kvm" },
            facts with { QemuVersion = "QEMU 8" }, facts with { CpuModel = "host" }, facts with { Machine = "-device y" },
        ];

        Assert.Equal(others.Length + 1, others.Append(facts).Select(other => other.Key).Distinct(StringComparer.Ordinal).Count());
        Assert.Equal(facts.Key, TemplateFacts.Of(Machine with { Name = "other", ExternalId = "x", DiskBytes = 1, Cpus = 0.5 }, "tcg", "QEMU 7.2", "qemu64", "-device x").Key);
    }

    [Fact]
    public void EngineKey_IsNewEachTime_AndItsIdHasLibtrustsForm()
    {
        Assert.Matches("^([A-Z2-7]{4}:){11}[A-Z2-7]{4}$", System.Text.Json.JsonDocument.Parse(EngineKey.New()).RootElement.GetProperty("kid").GetString());
        Assert.NotEqual(EngineKey.New(), EngineKey.New());
    }

    private static (string, string) Decide(MachineTask task, TemplateFinding finding)
    {
        var choice = StartDecision.Decide(task, "k", finding);
        Assert.NotEmpty(choice.Reason);
        Assert.Equal("k", choice.TemplateKey);
        return (choice.Way, choice.Template);
    }
}
