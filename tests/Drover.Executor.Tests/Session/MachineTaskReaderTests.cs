using System.Text;
using System.Text.Json;
using Drover.Api.Machines;
using Drover.Executor.Session;

namespace Drover.Executor.Tests.Session;

public sealed class MachineTaskReaderTests
{
    [Fact]
    public void Read_GoodTask_IsTaken()
    {
        var (task, error) = Read(Tasks.Simulated("/state") with { Accelerator = "auto" });

        Assert.Null(error);
        Assert.Equal("web-1", task!.Name);
    }

    [Theory]
    [InlineData("", "no data")]
    [InlineData("{", "cannot be read")]
    [InlineData("null", "is null")]
    [InlineData("[]", "cannot be read")]
    [InlineData("{\"version\":2,\"anything\":1}", "version 2")]
    [InlineData("{\"version\":1}", "cannot be read")]
    public void Read_NoTask_SaysWhy(string json, string expected) => Assert.Contains(expected, MachineTaskReader.Read(Encoding.UTF8.GetBytes(json)).Error, StringComparison.Ordinal);

    [Fact]
    public void Read_BadField_IsNamed()
    {
        var good = Tasks.Simulated("/state") with { Accelerator = "auto" };
        GuestImage File(Func<ImageFile, ImageFile> change) => good.Image with { Files = [change(good.Image.Files[0]), .. good.Image.Files.Skip(1)] };
        var cases = new Dictionary<string, MachineTask>
        {
            ["cpus"] = good with { Cpus = 0 },
            ["memoryBytes"] = good with { MemoryBytes = -1 },
            ["diskBytes"] = good with { DiskBytes = 0 },
            ["externalId"] = good with { ExternalId = "../../etc" },
            ["accelerator"] = good with { Accelerator = "hvf" },
            ["registrationUrl"] = good with { RegistrationUrl = "file:///etc/passwd" },
            ["stateDirectory"] = good with { StateDirectory = "state" },
            ["shutdownGraceSeconds"] = good with { ShutdownGraceSeconds = -1 },
            ["timeouts"] = good with { Timeouts = new StageTimeouts { BootSeconds = 0 } },
            ["image.digest"] = good with { Image = good.Image with { Digest = "../x" } },
            ["image.files.name"] = good with { Image = File(file => file with { Name = "../../x" }) },
            ["image.files.sha256"] = good with { Image = File(file => file with { Sha256 = "x" }) },
            ["image.files.size"] = good with { Image = File(file => file with { Size = -1 }) },
            ["role disk"] = good with { Image = File(file => file with { Role = "kernel" }) },
            ["image.kind"] = good with { Image = good.Image with { Kind = "floppy" } },
            ["image.agent is missing"] = good with { Image = good.Image with { Kind = ImageKind.Bios } },
            ["image.agent.sha256"] = good with { Image = good.Image with { Kind = ImageKind.Bios, Agent = good.Image.Files[0] with { Sha256 = "x" } } },
            ["image.agent.url"] = good with { Image = good.Image with { Kind = ImageKind.Uefi, Agent = good.Image.Files[0] with { Url = "file:///etc/shadow" } } },
            ["image.kernelArguments"] = good with { Image = good.Image with { KernelArguments = "a\nb" } },
        };

        foreach (var (field, task) in cases)
        {
            var error = Read(task).Error;
            Assert.True(error?.Contains(field, StringComparison.Ordinal) ?? false, $"{field}: {error}");
            Assert.DoesNotContain("T0KEN", error, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("name")]
    [InlineData("image")]
    [InlineData("labels")]
    [InlineData("timeouts")]
    [InlineData("stateDirectory")]
    [InlineData("accelerator")]
    public void Read_FieldIsNull_IsNamed(string field)
    {
        var json = JsonSerializer.SerializeToNode(Tasks.Simulated("/state"), MachineJson.Default.MachineTask)!;
        json[field] = null;

        Assert.Equal($"The task's {field} is null.", MachineTaskReader.Read(Encoding.UTF8.GetBytes(json.ToJsonString())).Error);
    }

    private static (MachineTask? Task, string? Error) Read(MachineTask task) => MachineTaskReader.Read(JsonSerializer.SerializeToUtf8Bytes(task, MachineJson.Default.MachineTask));
}
