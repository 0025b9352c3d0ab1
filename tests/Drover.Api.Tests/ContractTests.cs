using System.Text.Json;
using Drover.Api.Agents;
using Drover.Api.Machines;

namespace Drover.Api.Tests;

/// <summary>What one of our programs writes, another – perhaps an older one – must be able to read.</summary>
public sealed class ContractTests
{
    private const string SmallestTask = """
        {"machineId":"1ph1","externalId":"e","name":"n","hostname":"n","cpus":1,"memoryBytes":1,"diskBytes":1,
         "image":{"name":"drover","digest":"d","files":[]},"registrationUrl":"http://s/v1/scripts/t","stateDirectory":"/s","unknown":true}
        """;

    [Fact]
    public void MachineTask_FieldsMissing_KeepTheirDefaults()
    {
        var task = JsonSerializer.Deserialize(SmallestTask, MachineJson.Default.MachineTask)!;
        Assert.Equal("user", task.Network);
        Assert.Equal("auto", task.Accelerator);
        Assert.Equal(new StageTimeouts(), task.Timeouts);
        Assert.Empty(task.Labels);
        Assert.Equal(MachineTask.CurrentVersion, task.Version);
    }

    [Fact]
    public void MachineTask_WrittenAndRead_IsTheSame()
    {
        var task = JsonSerializer.Deserialize(SmallestTask, MachineJson.Default.MachineTask)! with
        {
            Timeouts = new StageTimeouts { BootSeconds = 7 },
            Simulation = new Simulation { FailAt = MachineStage.Boot },
            Labels = new Dictionary<string, string> { ["tier"] = "web" },
        };
        var text = JsonSerializer.Serialize(task, MachineJson.Default.MachineTask);
        var read = JsonSerializer.Deserialize(text, MachineJson.Default.MachineTask)!;
        Assert.Equal(text, JsonSerializer.Serialize(read, MachineJson.Default.MachineTask));
        Assert.Equal(7, read.Timeouts.BootSeconds);
        Assert.Equal("web", read.Labels["tier"]);
    }

    [Fact]
    public void MachineTask_RequiredFieldMissing_IsRefused() =>
        Assert.Throws<JsonException>(() => JsonSerializer.Deserialize("""{"machineId":"1ph1"}""", MachineJson.Default.MachineTask));

    [Fact]
    public void GuestIdentity_FieldsMissing_KeepTheirDefaults()
    {
        var message = JsonSerializer.Deserialize("""{"type":"identity","guest":{"machineUuid":"u","hostname":"h","registrationUrl":"r"}}""", AgentJson.Default.GuestMessage)!;
        Assert.Empty(message.Guest!.NameServers);
        Assert.Empty(message.Guest.Labels);
    }

    [Fact]
    public void ProgressAtStart_NeverGoesBack() =>
        Assert.Equal(MachineStage.All.Select(MachineStage.ProgressAtStart).Order(), MachineStage.All.Select(MachineStage.ProgressAtStart));
}
