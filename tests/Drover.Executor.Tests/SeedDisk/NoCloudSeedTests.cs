using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Drover.Api.Agents;
using Drover.Api.Machines;
using Drover.Executor.Processes;
using Drover.Executor.SeedDisk;
using Drover.Testing;

namespace Drover.Executor.Tests.SeedDisk;

public sealed class NoCloudSeedTests
{
    private const string AgentUrl = "http://10.0.2.2:8080/artifacts/sha256/abc/drover-agent";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void Files_PersonsUserData_StaysAsItIs()
    {
        const string Own = "#cloud-config\nruncmd:\n- [touch, /marker]\n# the last line has no end";

        var files = NoCloudSeed.Files(Foreign() with { UserData = Own }, Identity(), AgentUrl);

        Assert.Equal(Own, files["user-data"]);
        Assert.StartsWith("#!/bin/sh\n", files["vendor-data"], StringComparison.Ordinal);
        Assert.Contains($"url='{AgentUrl}'\nsha256='{new string('e', 64)}'\n", files["vendor-data"], StringComparison.Ordinal);
    }

    [Fact]
    public void Files_WithoutUserData_HaveAnEmptyOne() => Assert.StartsWith("#cloud-config\n", NoCloudSeed.Files(Foreign(), Identity(), AgentUrl)["user-data"], StringComparison.Ordinal);

    [Fact]
    public void Files_HoldNoTokenAndNoEntropy()
    {
        var all = string.Concat(NoCloudSeed.Files(Foreign(), Identity(), AgentUrl).Values);

        Assert.DoesNotContain("T0KEN", all, StringComparison.Ordinal);
        Assert.DoesNotContain("ZW50cm9weQ==", all, StringComparison.Ordinal);
    }

    [Fact]
    public void Files_MetaData_NamesMachineAndHost()
    {
        var meta = JsonNode.Parse(NoCloudSeed.Files(Foreign(), Identity(), AgentUrl)["meta-data"])!;

        Assert.Equal("web-1", (string?)meta["local-hostname"]);
        Assert.Equal(Foreign().ExternalId, (string?)meta["instance-id"]);
    }

    [Fact]
    public void Files_FixedAddress_IsTheFirstCards()
    {
        var identity = Identity() with { Cards = [new GuestCard { Mac = "52:54:00:00:00:02", Address = "10.1.0.7/16" }, new GuestCard { Mac = "52:54:00:00:00:03" }] };

        var cards = JsonNode.Parse(NoCloudSeed.Files(Foreign(), identity, AgentUrl)["network-config"])!["ethernets"]!;

        Assert.Equal("52:54:00:00:00:01", (string?)cards["drover0"]!["match"]!["macaddress"]);
        Assert.Equal("10.0.2.15/24", (string?)cards["drover0"]!["addresses"]![0]);
        Assert.Equal("10.0.2.2", (string?)cards["drover0"]!["routes"]![0]!["via"]);
        Assert.Equal("10.1.0.7/16", (string?)cards["drover1"]!["addresses"]![0]);
        Assert.Null(cards["drover1"]!["routes"]);
        Assert.True((bool?)cards["drover2"]!["dhcp4"]);
    }

    [Fact]
    public void Files_NoAddress_AsksByDhcp() =>
        Assert.True((bool?)JsonNode.Parse(NoCloudSeed.Files(Foreign(), Identity() with { Address = null }, AgentUrl)["network-config"])!["ethernets"]!["drover0"]!["dhcp4"]);

    [Fact]
    public async Task Write_Seed_IsADiskThatCloudInitKnows()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/genisoimage"), "genisoimage is not installed.");
        using var folder = new TestFolder();
        var files = NoCloudSeed.Files(Foreign(), Identity(), AgentUrl);

        // Twice: a task that is tried again in its sandbox finds what the first try left.
        await SeedImage.WriteAsync(folder.Path, files, Token);
        await SeedImage.WriteAsync(folder.Path, files, Token);

        var iso = await File.ReadAllBytesAsync(folder[SeedImage.FileName], Token);
        Assert.Equal("cidata", System.Text.Encoding.ASCII.GetString(iso, 0x8000 + 40, 6));
        Assert.True(iso.AsSpan().IndexOf(System.Text.Encoding.UTF8.GetBytes(files["vendor-data"])) > 0);
        Assert.Equal([SeedImage.FileName], Directory.EnumerateFileSystemEntries(folder.Path).Select(Path.GetFileName));

        SeedImage.Remove(folder.Path);
        Assert.False(File.Exists(folder[SeedImage.FileName]));
    }

    /// <summary>The script that a guest runs, run here with a curl and a systemctl of our own.</summary>
    [Theory]
    [InlineData("agent", true)]
    [InlineData("something else", false)]
    public async Task Setup_Agent_IsTakenOnlyWithItsDigest(string served, bool taken)
    {
        using var folder = new TestFolder();
        var bin = Directory.CreateDirectory(folder["bin"]).FullName;
        Script(bin, "curl", $"while [ $# -gt 1 ]; do [ \"$1\" != -o ] || out=$2; shift; done; printf '%s' '{served}' >\"$out\"");
        Script(bin, "systemctl", $"echo \"$*\" >>{folder["systemctl"]}");
        Script(bin, "dockerd", "");
        Script(bin, "sleep", "");
        var script = NoCloudSeed.Files(Foreign(Convert.ToHexStringLower(SHA256.HashData("agent"u8))), Identity(), AgentUrl)["vendor-data"]
            .Replace("/usr/local/bin/drover-agent", folder["drover-agent"], StringComparison.Ordinal)
            .Replace("/dev/virtio-ports/io.drover.agent.0", folder["port"], StringComparison.Ordinal)
            .Replace("/etc/systemd/system/", folder.Path + "/", StringComparison.Ordinal)
            .Replace("/dev/console", "/dev/null", StringComparison.Ordinal);
        await File.WriteAllTextAsync(folder["vendor-data"], script, Token);

        var result = await ToolRun.RunAsync(
            new ProcessSpec { Program = "sh", Arguments = [folder["vendor-data"]], Environment = new Dictionary<string, string> { ["PATH"] = $"{bin}:/usr/bin:/bin" } }, Token);

        Assert.Equal(taken, File.Exists(folder["drover-agent"]));
        Assert.False(File.Exists(folder["drover-agent.new"]));
        if (taken)
        {
            Assert.True(result.Exit.IsSuccess, result.Output + result.Error);
            Assert.True(File.GetUnixFileMode(folder["drover-agent"]).HasFlag(UnixFileMode.UserExecute));
            Assert.Equal(["daemon-reload", "enable --quiet drover-agent.service", "start --no-block drover-agent.service", "enable --quiet docker.service", "start --no-block docker.service"], await File.ReadAllLinesAsync(folder["systemctl"], Token));
            Assert.Contains("RestartPreventExitStatus=3", await File.ReadAllTextAsync(folder["drover-agent.service"], Token), StringComparison.Ordinal);
            return;
        }

        Assert.False(result.Exit.IsSuccess);
        var told = (await File.ReadAllLinesAsync(folder["port"], Token)).Select(line => Drover.Executor.Machines.GuestChannel.Parse(System.Text.Encoding.UTF8.GetBytes(line))!).ToList();
        Assert.Equal([GuestMessage.Hello, GuestMessage.Failure], told.Select(message => message.Type));
        Assert.Equal(GuestMessage.CurrentProtocol, told[0].Protocol);
        Assert.Contains("could not get the agent", told[1].Message, StringComparison.Ordinal);
    }

    private static void Script(string folder, string name, string text) => TestProgram.Write(Path.Combine(folder, name), $"#!/bin/sh\n{text}\n");

    private static MachineTask Foreign(string? agent = null)
    {
        var task = Tasks.Simulated("/state");
        return task with
        {
            Image = task.Image with { Kind = ImageKind.Bios, Agent = new ImageFile { Role = "agent", Name = "drover-agent", Sha256 = agent ?? new string('e', 64), Size = 5, Url = AgentUrl } },
        };
    }

    private static GuestIdentity Identity() => new()
    {
        MachineUuid = "6b8e0c0e-6a0c-4d0b-9d0e-0f6f3b1c7a11",
        Hostname = "web-1",
        RegistrationUrl = "http://10.0.2.2:8080/v1/scripts/T0KEN",
        Address = "10.0.2.15/24",
        Gateway = "10.0.2.2",
        NameServers = ["10.0.2.3"],
        Mac = "52:54:00:00:00:01",
        Entropy = "ZW50cm9weQ==",
    };
}
