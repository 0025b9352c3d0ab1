using System.Text.Json.Nodes;
using Drover.Server.Tests.Harness;

namespace Drover.Server.Tests.Machines;

/// <summary>What a request for a machine may say, and how it is refused.</summary>
public class MachineRequestTests
{
    [Theory]
    [InlineData("""{"mesosConfig":{}}""", "MissingRequired", "name")]
    [InlineData("""{"name":null,"mesosConfig":{}}""", "MissingRequired", "name")]
    [InlineData("""{"name":"","mesosConfig":{}}""", "MinLengthExceeded", "name")]
    [InlineData("""{"name":"a b","mesosConfig":{}}""", "InvalidCharacters", "name")]
    [InlineData("""{"name":"-a","mesosConfig":{}}""", "InvalidCharacters", "name")]
    [InlineData("""{"name":"a-","mesosConfig":{}}""", "InvalidCharacters", "name")]
    [InlineData("""{"name":"ä","mesosConfig":{}}""", "InvalidCharacters", "name")]
    [InlineData("""{"name":"$(reboot)","mesosConfig":{}}""", "InvalidCharacters", "name")]
    [InlineData("""{"name":{"a":1},"mesosConfig":{}}""", "InvalidFormat", "name")]
    [InlineData("""{"name":"m"}""", "DriverConfigExactlyOneRequired", null)]
    [InlineData("""{"name":"m","mesosConfig":null}""", "DriverConfigExactlyOneRequired", null)]
    [InlineData("""{"name":"m","amazonec2Config":{}}""", "DriverConfigExactlyOneRequired", null)]
    [InlineData("""{"name":"m","mesosConfig":{},"amazonec2Config":{}}""", "DriverConfigExactlyOneRequired", null)]
    [InlineData("""{"name":"m","mesosConfig":"2 CPUs"}""", "InvalidFormat", "mesosConfig")]
    [InlineData("""{"name":"m","mesosConfig":{"memroy":"2GiB"}}""", "InvalidOption", "mesosConfig.memroy")]
    [InlineData("""{"name":"m","mesosConfig":{"cpus":0}}""", "MinLimitExceeded", "mesosConfig.cpus")]
    [InlineData("""{"name":"m","mesosConfig":{"cpus":-2}}""", "MinLimitExceeded", "mesosConfig.cpus")]
    [InlineData("""{"name":"m","mesosConfig":{"cpus":1e9}}""", "MaxLimitExceeded", "mesosConfig.cpus")]
    [InlineData("""{"name":"m","mesosConfig":{"cpus":"many"}}""", "InvalidFormat", "mesosConfig.cpus")]
    [InlineData("""{"name":"m","mesosConfig":{"cpus":[1]}}""", "InvalidFormat", "mesosConfig.cpus")]
    [InlineData("""{"name":"m","mesosConfig":{"memory":-1}}""", "MinLimitExceeded", "mesosConfig.memory")]
    [InlineData("""{"name":"m","mesosConfig":{"memory":"-5GiB"}}""", "MinLimitExceeded", "mesosConfig.memory")]
    [InlineData("""{"name":"m","mesosConfig":{"memory":0}}""", "MinLimitExceeded", "mesosConfig.memory")]
    [InlineData("""{"name":"m","mesosConfig":{"memory":"1KiB"}}""", "MinLimitExceeded", "mesosConfig.memory")]
    [InlineData("""{"name":"m","mesosConfig":{"memory":"100TiB"}}""", "MaxLimitExceeded", "mesosConfig.memory")]
    [InlineData("""{"name":"m","mesosConfig":{"memory":"99999999999999999999TiB"}}""", "MaxLimitExceeded", "mesosConfig.memory")]
    [InlineData("""{"name":"m","mesosConfig":{"memory":1e300}}""", "MaxLimitExceeded", "mesosConfig.memory")]
    [InlineData("""{"name":"m","mesosConfig":{"memory":"lots"}}""", "InvalidFormat", "mesosConfig.memory")]
    [InlineData("""{"name":"m","mesosConfig":{"disk":"1"}}""", "MinLimitExceeded", "mesosConfig.disk")]
    [InlineData("""{"name":"m","mesosConfig":{"image":"windows"}}""", "InvalidOption", "mesosConfig.image")]
    [InlineData("""{"name":"m","mesosConfig":{"network":"bridge:br0;rm"}}""", "InvalidOption", "mesosConfig.network")]
    [InlineData("""{"name":"m","mesosConfig":{"network":"host"}}""", "InvalidOption", "mesosConfig.network")]
    [InlineData("""{"name":"m","mesosConfig":{"display":"hercules"}}""", "InvalidOption", "mesosConfig.display")]
    [InlineData("""{"name":"m","mesosConfig":{"network":"nat","networkBytes":"fast"}}""", "InvalidFormat", "mesosConfig.networkBytes")]
    [InlineData("""{"name":"m","mesosConfig":{"network":"user","networkBytes":"10MiB"}}""", "InvalidOption", "mesosConfig.networkBytes")]
    [InlineData("""{"name":"m","mesosConfig":{"startFrom":"hot"}}""", "InvalidOption", "mesosConfig.startFrom")]
    [InlineData("""{"name":"m","mesosConfig":{"disks":"data:1GiB"}}""", "InvalidFormat", "mesosConfig.disks")]
    [InlineData("""{"name":"m","mesosConfig":{"disks":["data"]}}""", "InvalidFormat", "mesosConfig.disks")]
    [InlineData("""{"name":"m","mesosConfig":{"disks":["a,b:1GiB"]}}""", "InvalidFormat", "mesosConfig.disks")]
    [InlineData("""{"name":"m","mesosConfig":{"disks":["a:1GiB","a:2GiB"]}}""", "NotUnique", "mesosConfig.disks")]
    [InlineData("""{"name":"m","mesosConfig":{"constraints":"rack:EQUALS:a"}}""", "InvalidFormat", "mesosConfig.constraints")]
    [InlineData("""{"name":"m","mesosConfig":{"constraints":["rack"]}}""", "InvalidFormat", "mesosConfig.constraints")]
    [InlineData("""{"name":"m","mesosConfig":{"constraints":["rack:IS:a"]}}""", "InvalidFormat", "mesosConfig.constraints")]
    [InlineData("""{"name":"m","mesosConfig":{"constraints":["rack:LIKE:("]}}""", "InvalidFormat", "mesosConfig.constraints")]
    [InlineData("""{"name":"m","mesosConfig":{},"labels":["a"]}""", "InvalidFormat", "labels")]
    [InlineData("""{"name":"m","mesosConfig":{},"labels":{"a":{}}}""", "InvalidFormat", "labels.a")]
    public async Task Create_WithAWrongField_NamesItAndSaysWhatIsRight(string body, string code, string? field)
    {
        await using var server = await TestServer.StartAsync(d => new ServerOptions { DataDirectory = d, PasswordIterations = 1000, Images = () => ["drover", "small"] });
        var error = await TestServer.RefusedAsync(() => server.Project.CreateAsync("machines", (JsonObject)JsonNode.Parse(body)!, TestServer.Token));
        Assert.Equal((422, code, field), (error.Status, error.Code, error.FieldName));
        Assert.Contains(' ', error.Detail!);
        Assert.Empty(await server.Project.ListAsync("machines", TestServer.Token));
    }

    [Fact]
    public async Task Create_WithANameOfTenThousandCharacters_IsRefusedShortly()
    {
        await using var server = await TestServer.StartAsync();
        var error = await TestServer.RefusedAsync(() => server.MachineAsync(new string('a', 10_000)));
        Assert.Equal((422, "MaxLengthExceeded", "name"), (error.Status, error.Code, error.FieldName));
        Assert.True(error.Message.Length < 300);
        await server.MachineAsync(new string('a', 63));
    }

    [Theory]
    [InlineData("{}", 1, "1GiB", "10GiB", "drover", "user")]
    [InlineData("""{"cpus":"2","memory":2048,"disk":"20480"}""", 2, "2GiB", "20GiB", "drover", "user")]
    [InlineData("""{"cpus":0.5,"memory":"1.5G","disk":"1TiB","image":"small","network":"bridge:br0"}""", 0.5, "1536MiB", "1TiB", "small", "bridge:br0")]
    [InlineData("""{"links":null,"actions":null,"type":"mesosConfig"}""", 1, "1GiB", "10GiB", "drover", "user")]
    public async Task Create_Config_IsShownInItsOneForm(string config, double cpus, string memory, string disk, string image, string network)
    {
        await using var server = await TestServer.StartAsync();
        var machine = await server.MachineAsync("m", new JsonObject { ["mesosConfig"] = JsonNode.Parse(config) });
        var shown = machine.Object("mesosConfig")!;
        Assert.Equal((cpus, memory, disk, image, network), ((double)shown["cpus"]!, (string?)shown["memory"], (string?)shown["disk"], (string?)shown["image"], (string?)shown["network"]));
        Assert.Equal("[]", shown["constraints"]!.ToJsonString());
    }

    [Fact]
    public async Task Create_WithExtraDisks_ShowsThemInTheirOneForm()
    {
        await using var server = await TestServer.StartAsync();
        var machine = await server.MachineAsync("m", new JsonObject { ["mesosConfig"] = new JsonObject { ["disks"] = new JsonArray("data:2048", "logs:1GiB") } });
        Assert.Equal("""["data:2GiB","logs:1GiB"]""", machine.Object("mesosConfig")!["disks"]!.ToJsonString());
    }

    [Fact]
    public async Task Create_UnknownFieldOutsideTheConfig_IsDropped()
    {
        await using var server = await TestServer.StartAsync();
        var machine = await server.MachineAsync("m", new JsonObject { ["nonsense"] = 1, ["state"] = "active", ["accountId"] = "1a1", ["externalId"] = "x" });
        Assert.False(machine.Json.ContainsKey("nonsense"));
        Assert.Equal(("requested", "1a5", null), (machine.State, machine.AccountId, machine.Text("externalId")));
    }

    [Fact]
    public async Task Create_NameThatALivingMachineHas_IsNotUnique()
    {
        await using var server = await TestServer.StartAsync();
        var first = await server.MachineAsync("Web");
        foreach (var name in new[] { "Web", "web" })
        {
            var error = await TestServer.RefusedAsync(() => server.MachineAsync(name));
            Assert.Equal((422, "NotUnique", "name"), (error.Status, error.Code, error.FieldName));
        }

        var other = await server.Admin.CreateAsync("projects", new JsonObject { ["name"] = "other" }, TestServer.Token);
        await server.Admin.ForProject(other.Id).CreateAsync("machines", new JsonObject { ["name"] = "web", ["mesosConfig"] = new JsonObject() }, TestServer.Token);
        await server.Project.DeleteAsync("machines", first.Id, TestServer.Token);
        await server.WaitForStateAsync(first.Id, "removed");
        await server.MachineAsync("web");
    }

    [Fact]
    public async Task Create_SameNameManyTimesAtOnce_MakesOne()
    {
        await using var server = await TestServer.StartAsync();
        var tries = await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ =>
        {
            try
            {
                await server.MachineAsync("web");
                return "made";
            }
            catch (Drover.Api.Cattle.CattleException e)
            {
                return e.Code;
            }
        }));
        Assert.Equal(1, tries.Count(t => t == "made"));
        Assert.Equal(7, tries.Count(t => t == "NotUnique"));
    }

    [Fact]
    public async Task Create_OutsideAnyEnvironment_GoesToTheOnlyOneOrAsksForIt()
    {
        await using var server = await TestServer.StartAsync();
        var body = new JsonObject { ["name"] = "m", ["mesosConfig"] = new JsonObject() };
        Assert.Equal("1a5", (await server.Admin.CreateAsync("machines", body, TestServer.Token)).AccountId);
        var other = await server.Admin.CreateAsync("projects", new JsonObject { ["name"] = "other" }, TestServer.Token);
        body["name"] = "n";
        Assert.Equal("accountId", (await TestServer.RefusedAsync(() => server.Admin.CreateAsync("machines", body, TestServer.Token))).FieldName);
        body["accountId"] = other.Id;
        Assert.Equal(other.Id, (await server.Admin.CreateAsync("machines", body, TestServer.Token)).AccountId);
    }

    [Fact]
    public async Task Console_WithoutAScheduler_Is503WithASentence()
    {
        await using var server = await TestServer.StartAsync();
        var machine = await server.MachineAsync("m");
        var error = await TestServer.RefusedAsync(() => server.Project.SendAsync(HttpMethod.Get, $"machines/{machine.Id}/console", null, TestServer.Token));
        Assert.Equal(503, error.Status);
        Assert.Contains("no scheduler is connected", error.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Console_ThroughTheHandler_GivesTheText()
    {
        await using var server = await TestServer.StartAsync();
        var machine = await server.MachineAsync("m");
        await using var scheduler = await ScriptedHandler.StartAsync(server, processes: ["physicalhost.console"]);
        var reading = server.Project.SendAsync(HttpMethod.Get, $"machines/{machine.Id}/console?offset=7", null, TestServer.Token);
        var question = await scheduler.NextAsync();
        Assert.Equal((7, 65536, machine.Id), ((int)question.Data!["offset"]!, (int)question.Data["length"]!, question.ResourceId));
        await scheduler.ReplyAsync(question, Drover.Api.Cattle.CattleReply.Done(new JsonObject { ["console"] = new JsonObject { ["offset"] = 7, ["next"] = 12, ["text"] = "boot\n", ["size"] = 12 } }));
        var console = await reading;
        Assert.Equal(("machineConsole", 7, 12, "boot\n", 12), ((string?)console["type"], (int)console["offset"]!, (int)console["next"]!, (string?)console["text"], (int)console["size"]!));

        var silent = server.Project.SendAsync(HttpMethod.Get, $"machines/{machine.Id}/console", null, TestServer.Token);
        await scheduler.NextAsync();
        server.Time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(503, (await TestServer.RefusedAsync(() => silent)).Status);
    }
}
