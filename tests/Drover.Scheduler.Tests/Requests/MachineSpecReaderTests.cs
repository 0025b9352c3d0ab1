using System.Text.Json.Nodes;
using Drover.Api.Cattle;
using Drover.Scheduler.Requests;

namespace Drover.Scheduler.Tests.Requests;

public sealed class MachineSpecReaderTests
{
    [Fact]
    public void Read_EmptyConfig_HasTheDefaults()
    {
        var spec = Read("{}", out _)!;
        Assert.Equal((1000, 1L << 30, 10L << 30, "drover", "user"), (spec.MilliCpus, spec.MemoryBytes, spec.DiskBytes, spec.Image, spec.Network));
    }

    [Theory]
    [InlineData("""{"cpus":2.5,"memory":2048,"disk":"20GiB"}""")]
    [InlineData("""{"cpus":"2.5","memory":"2GiB","disk":20480}""")]
    public void Read_NumbersAndTexts_MeanTheSame(string config)
    {
        var spec = Read(config, out _)!;
        Assert.Equal((2500, 2L << 30, 20L << 30), (spec.MilliCpus, spec.MemoryBytes, spec.DiskBytes));
    }

    [Theory]
    [InlineData("""{"constraints":["rack:EQUALS:a","hostname:UNIQUE"]}""")]
    [InlineData("""{"constraints":"rack:EQUALS:a, hostname:UNIQUE"}""")]
    public void Read_Constraints_AsListOrText(string config) =>
        Assert.Equal(["rack:EQUALS:a", "hostname:UNIQUE"], Read(config, out _)!.Constraints);

    [Fact]
    public void Read_ExtraDisks_CountAsDisk_AndTheMachineBoots()
    {
        var spec = Read("""{"disk":"10GiB","disks":["data:2GiB","logs:1GiB"]}""", out _)!;
        Assert.Equal(["data", "logs"], spec.Disks.Select(d => d.Name));
        Assert.Equal("cold", spec.StartFrom);
        Assert.Equal(13 * 1024 * Drover.Scheduler.Placement.Amounts.Unit, Drover.Scheduler.Launching.TaskBuilder.TaskAmounts(spec).Disk);
    }

    [Theory]
    [InlineData("""{"disks":["data"]}""", "disks")]
    [InlineData("""{"cpus":0}""", "cpus")]
    [InlineData("""{"cpus":-1}""", "cpus")]
    [InlineData("""{"cpus":"many"}""", "cpus")]
    [InlineData("""{"cpus":1e300}""", "cpus")]
    [InlineData("""{"memory":"-1"}""", "memory")]
    [InlineData("""{"memory":0}""", "memory")]
    [InlineData("""{"memory":"1MiB"}""", "memory")]
    [InlineData("""{"disk":"9999999TiB"}""", "disk")]
    [InlineData("""{"constraints":["rack:NEAR:a"]}""", "constraints")]
    public void Read_WrongValue_NamesTheField(string config, string field)
    {
        Assert.Null(Read(config, out var problems));
        Assert.StartsWith(field + ":", Assert.Single(problems), StringComparison.Ordinal);
    }

    [Fact]
    public void Read_SeveralProblems_ListsThemAll()
    {
        Read("""{"cpus":0,"disk":"x"}""", out var problems);
        Assert.Equal(2, problems.Count);
    }

    private static MachineSpec? Read(string config, out IReadOnlyList<string> problems) =>
        MachineSpecReader.Read(new CattleResource(new JsonObject { ["mesosConfig"] = JsonNode.Parse(config) }), out problems);
}
