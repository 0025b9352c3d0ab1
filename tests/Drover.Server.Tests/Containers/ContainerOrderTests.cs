using System.Text.Json.Nodes;
using Drover.Api.Cattle;
using Drover.Server.Tests.Harness;

namespace Drover.Server.Tests.Containers;

/// <summary>Containers that are asked for: checked, stored, pulled, made, started, whatever dies in between.</summary>
public sealed class ContainerOrderTests : IAsyncLifetime
{
    private ContainerHost _host = null!;

    public async ValueTask InitializeAsync() => _host = await ContainerHost.StartAsync();

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task Create_PullsMakesAndStarts_UnderTheIdOfTheAnswer()
    {
        var asked = await CreateAsync(new JsonObject
        {
            ["name"] = "web", ["imageUuid"] = "docker:nginx:1.27", ["command"] = new JsonArray("serve", "--fast"), ["environment"] = new JsonObject { ["A"] = "1=2" },
            ["ports"] = new JsonArray("8080:80", "127.0.0.1:53:53/udp"), ["dataVolumes"] = new JsonArray("data:/data:ro"), ["labels"] = new JsonObject { ["tier"] = "web" },
            ["restartPolicy"] = new JsonObject { ["name"] = "on-failure", ["maximumRetryCount"] = 3 }, ["memory"] = 67108864, ["milliCpu"] = 500,
        });

        Assert.Equal(("creating", "yes", "web"), (asked.State, asked.Transitioning, asked.Name));
        var made = await _host.StateAsync(asked.Id, "running");

        Assert.Equal(("running", "no", "nginx:1.27"), (made.State, made.Transitioning, made.Text("image")));
        var docker = Assert.Single(_host.Docker.Containers);
        Assert.Equal(made.Text("externalId"), (string?)docker["Id"]);
        var told = _host.Docker.LastCreate!;
        var limits = told["HostConfig"]!;
        Assert.Equal("""["serve","--fast"]""", told["Cmd"]!.ToJsonString());
        Assert.Equal("""["A=1=2"]""", told["Env"]!.ToJsonString());
        Assert.Equal("""[{"HostIp":"127.0.0.1","HostPort":"53"}]""", limits["PortBindings"]!["53/udp"]!.ToJsonString());
        Assert.Equal(("8080", "data:/data:ro", "on-failure", 3), ((string?)limits["PortBindings"]!["80/tcp"]![0]!["HostPort"], (string?)limits["Binds"]![0], (string?)limits["RestartPolicy"]!["Name"], (int?)limits["RestartPolicy"]!["MaximumRetryCount"]));
        Assert.Equal((67108864, 500_000_000, "web"), ((long?)limits["Memory"], (long?)limits["NanoCpus"], (string?)told["Labels"]!["tier"]));
        Assert.Null(told["Entrypoint"]);
        Assert.Equal(asked.Id, Assert.Single(await _host.Project.ListAsync("containers", TestServer.Token)).Id);
    }

    [Fact]
    public async Task Pull_IsShownLayerByLayer_WhileItGoesOn()
    {
        _host.Docker.HoldAnswersOf = "/images/create";
        _host.Docker.PullMessages.RemoveAt(3);
        var asked = await CreateAsync(Simple("web"));

        var pulling = await TestServer.WaitAsync(_host.Project, "containers", asked.Id, c => c.Text("transitioningMessage")?.Contains("5.0 MB of 20.0 MB", StringComparison.Ordinal) == true, "progress");

        Assert.Equal("Pulling nginx:1.27: 0 of 1 layers, 5.0 MB of 20.0 MB", pulling.Text("transitioningMessage"));
        Assert.Equal("25", pulling.Text("transitioningProgress"));
        Assert.Equal(("aaaa", "Downloading"), ((string?)pulling.Object("pull")!["layers"]![0]!["id"], (string?)pulling.Object("pull")!["layers"]![0]!["status"]));
        _host.Docker.HoldAnswersOf = null;
        await _host.StateAsync(asked.Id, "running");
    }

    [Fact]
    public async Task Image_ThatIsThere_IsNotPulled_UnlessAskedFor()
    {
        _host.Docker.Images["nginx:1.27"] = true;

        await _host.StateAsync((await CreateAsync(Simple("one"))).Id, "running");
        Assert.DoesNotContain(_host.Docker.Asked, asked => asked.EndsWith("/images/create", StringComparison.Ordinal));

        var again = Simple("two");
        again["pullPolicy"] = "always";
        await _host.StateAsync((await CreateAsync(again)).Id, "running");
        Assert.Contains(_host.Docker.Asked, asked => asked.EndsWith("/images/create", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Image_ThatDoesNotExist_IsSaid_AndKeptUntilItIsTriedAgainOrRemoved()
    {
        _host.Docker.PullMessages[3] = """{"errorDetail":{"message":"pull access denied for nginx"},"error":"pull access denied for nginx"}""";
        var asked = await CreateAsync(Simple("web"));

        var failed = await _host.StateAsync(asked.Id, "error");
        Assert.Equal(("error", "pull access denied for nginx"), (failed.Transitioning, failed.Text("transitioningMessage")));
        Assert.Equal(["remove", "start"], failed.Object("actions")!.Select(a => a.Key).Order(StringComparer.Ordinal));

        _host.Docker.PullMessages.RemoveAt(3);
        await _host.Project.ActionAsync("containers", asked.Id, "start", null, TestServer.Token);
        await _host.StateAsync(asked.Id, "running");

        _host.Docker.PullMessages.Add("""{"errorDetail":{"message":"gone"},"error":"gone"}""");
        _host.Docker.Images.Clear();
        var other = await _host.StateAsync((await CreateAsync(Simple("other"))).Id, "error");
        await _host.Project.DeleteAsync("containers", other.Id, TestServer.Token);
        Assert.Equal("removed", (await _host.Project.GetAsync("containers", other.Id, TestServer.Token))!.State);
        Assert.Single(await _host.Project.ListAsync("containers", TestServer.Token));
    }

    [Theory]
    [InlineData("imageUuid", "docker:UPPER", "imageUuid")]
    [InlineData("imageUuid", null, "imageUuid")]
    [InlineData("name", "no blanks", "name")]
    [InlineData("name", "taken", "name")]
    [InlineData("ports", "99999:80", "ports")]
    [InlineData("dataVolumes", "relative", "dataVolumes")]
    [InlineData("memory", "1000", "memory")]
    [InlineData("requestedHostId", "1h999", "requestedHostId")]
    [InlineData("restartPolicy", "sometimes", "restartPolicy.name")]
    [InlineData("environment", "A B=", "environment")]
    public async Task Create_WithSomethingWrong_NamesTheField_AndStoresNothing(string field, string? value, string named)
    {
        _host.Docker.Add("taken", "running");
        await _host.ContainerAsync("taken");
        var spec = Simple("web");
        spec[field] = value is null ? null : field switch
        {
            "ports" or "dataVolumes" => new JsonArray(value),
            "restartPolicy" => new JsonObject { ["name"] = value },
            "environment" => new JsonObject { ["=bad"] = "" },
            _ => value,
        };

        var refused = await Assert.ThrowsAsync<CattleException>(() => CreateAsync(spec));

        Assert.Equal((422, named), (refused.Status, refused.FieldName));
        Assert.Single(await _host.Project.ListAsync("containers", TestServer.Token));
    }

    [Fact]
    public async Task Removal_WhileItIsPulled_GivesItUp()
    {
        _host.Docker.HoldAnswersOf = "/images/create";
        var asked = await CreateAsync(Simple("web"));
        await ContainerHost.EventuallyAsync(() => Task.FromResult(!_host.Docker.Asked.IsEmpty), "the pull");

        await _host.Project.DeleteAsync("containers", asked.Id, TestServer.Token);

        Assert.Empty(await _host.Project.ListAsync("containers", TestServer.Token));
        Assert.Empty(_host.Docker.Containers);
    }

    [Fact]
    public async Task Removal_ThatDockerRefuses_HasGivenTheOrderUpAllTheSame_SoThatNobodyMakesItAgain()
    {
        _host.Docker.HoldAnswersOf = "/containers/create";
        var asked = await CreateAsync(Simple("web"));
        await ContainerHost.EventuallyAsync(() => Task.FromResult(_host.Docker.Containers.Count == 1), "the container");
        _host.Docker.Refusal = "device is busy";

        var refused = await Assert.ThrowsAsync<CattleException>(() => _host.Project.DeleteAsync("containers", asked.Id, TestServer.Token));

        Assert.Equal(409, refused.Status);
        await using (var db = _host.Server.OpenDatabase())
        {
            Assert.Empty(db.ContainerOrders);
        }

        _host.Docker.Refusal = null;
        await _host.StateAsync(asked.Id, "stopped");
        await _host.Project.DeleteAsync("containers", asked.Id, TestServer.Token);
        Assert.Empty(_host.Docker.Containers);
    }

    [Fact]
    public async Task Containers_WithTheSameLabel_AsMadeFromACommittedOne_AreTwo()
    {
        var asked = await CreateAsync(Simple("web"));
        await _host.StateAsync(asked.Id, "running");

        var copy = _host.Docker.Add("copy", "running", tell: false);
        var first = _host.Docker.Containers.Single(c => (string?)c["Id"] != copy);
        _host.Docker.Containers.Single(c => (string?)c["Id"] == copy)["Labels"] = first["Labels"]!.DeepClone();
        _host.Docker.Containers.Single(c => (string?)c["Id"] == copy)["Created"] = 1780000000;
        _host.Docker.Move(copy, "running", "start");

        var other = await _host.ContainerAsync("copy");
        Assert.NotEqual(asked.Id, other.Id);
        Assert.Equal("web", (await _host.Project.GetAsync("containers", asked.Id, TestServer.Token))!.Name);
    }

    [Fact]
    public async Task Registry_WithALogin_IsToldItAtThePull_AndNeverShowsIt()
    {
        var registry = await _host.Project.CreateAsync("registries", new JsonObject { ["serverAddress"] = "Registry.example.com:5000" }, TestServer.Token);
        var login = await _host.Project.CreateAsync("registryCredentials", new JsonObject { ["registryId"] = registry.Id, ["publicValue"] = "me", ["secretValue"] = "s3cret" }, TestServer.Token);
        Assert.Equal(("active", "active", "registry.example.com:5000"), (registry.State, login.State, registry.Text("serverAddress")));
        Assert.Null(login.Text("secretValue"));
        var spec = Simple("web");
        spec["imageUuid"] = "docker:registry.example.com:5000/team/app:2";

        await _host.StateAsync((await CreateAsync(spec)).Id, "running");

        var told = Assert.Single(_host.Docker.Logins);
        Assert.Equal(("me", "s3cret", "registry.example.com:5000"), ((string?)told["username"], (string?)told["password"], (string?)told["serveraddress"]));
        Assert.Equal("ServerAddressUsed", (await Assert.ThrowsAsync<CattleException>(() => _host.Project.CreateAsync("registries", new JsonObject { ["serverAddress"] = "registry.example.com:5000" }, TestServer.Token))).Code);
        await _host.Project.DeleteAsync("registries", registry.Id, TestServer.Token);
        var second = Simple("second");
        second["imageUuid"] = "docker:registry.example.com:5000/team/app:3";
        await _host.StateAsync((await CreateAsync(second)).Id, "running");
        Assert.Single(_host.Docker.Logins);
    }

    private Task<CattleResource> CreateAsync(JsonObject spec) => _host.Project.CreateAsync("containers", spec, TestServer.Token);

    private static JsonObject Simple(string name) => new() { ["name"] = name, ["imageUuid"] = "docker:nginx:1.27" };
}
