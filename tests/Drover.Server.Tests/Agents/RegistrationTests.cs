using System.Text.Json.Nodes;
using Drover.Server.Tests.Harness;
using Microsoft.EntityFrameworkCore;

namespace Drover.Server.Tests.Agents;

/// <summary>cattle-api §3.5.</summary>
public class RegistrationTests
{
    private const string Key = "0123456789abcdef0123456789abcdef";
    private const string OtherKey = "ffffffffffffffffffffffffffffffff";

    private static async Task<(TestServer Server, Drover.Api.Cattle.CattleResource Machine)> CreatingAsync()
    {
        var server = await TestServer.StartAsync();
        var machine = await server.MachineAsync("m");
        return (server, await server.WaitForStateAsync(machine.Id, "creating"));
    }

    [Fact]
    public async Task Script_OfAToken_SetsTheFourVariables()
    {
        await using var server = await TestServer.StartAsync();
        var token = await server.Project.CreateAsync("registrationtokens", [], TestServer.Token);
        Assert.Equal("active", token.State);
        var url = token.Link("registrationUrl")!;
        Assert.Equal(url, token.Text("registrationUrl"));
        Assert.Equal(url, token.Text("command")!.Split(' ')[^1]);
        Assert.Single(token.Text("image")!, c => c == ':');
        Assert.Equal(3, token.Text("token")!.Split(':').Length);
        Assert.Equal(token.Text("token"), (await server.Project.GetAsync("registrationtokens", token.Id, TestServer.Token))!.Text("token"));
        var script = await server.Http.GetStringAsync(new Uri(url), TestServer.Token);
        Assert.Equal(
            $"""
            #!/bin/sh
            export CATTLE_REGISTRATION_ACCESS_KEY="registrationToken"
            export CATTLE_REGISTRATION_SECRET_KEY="{token.Text("token")}"
            export CATTLE_URL="{server.Address.GetLeftPart(UriPartial.Authority)}/v1"
            export DETECTED_CATTLE_AGENT_IP="127.0.0.1"

            """.ReplaceLineEndings("\n"),
            script);
    }

    [Fact]
    public async Task Script_WithApiHost_NamesThatAddress()
    {
        await using var server = await TestServer.StartAsync();
        await server.Admin.UpdateAsync("settings", "api.host", new JsonObject { ["value"] = "drover.example:8443" }, TestServer.Token);
        var token = await server.Project.CreateAsync("registrationtokens", [], TestServer.Token);
        Assert.StartsWith("http://drover.example:8443/v1/scripts/", token.Link("registrationUrl"), StringComparison.Ordinal);
        Assert.StartsWith(server.Address.AbsoluteUri, token.Link("self"), StringComparison.Ordinal);
        var error = await TestServer.RefusedAsync(() => server.Admin.UpdateAsync("settings", "api.host", new JsonObject { ["value"] = "ftp://x" }, TestServer.Token));
        Assert.Equal("InvalidFormat", error.Code);
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("AAAAAAAAAAAAAAAAAAAA:1:abc")]
    public async Task Script_OfAWrongToken_IsNotFound(string token)
    {
        await using var server = await TestServer.StartAsync();
        Assert.Equal(404, (int)(await server.RawAsync(HttpMethod.Get, $"/v1/scripts/{token}")).Status);
        Assert.Equal(401, (await TestServer.RefusedAsync(() => TestAgent.Registrar(server, token).ListAsync("register", TestServer.Token))).Status);
    }

    [Fact]
    public async Task Register_InTheStepsOfTheAgentImage_GivesKeys()
    {
        var (server, machine) = await CreatingAsync();
        await using var _ = server;
        var client = TestAgent.Registrar(server, await TestAgent.MachineTokenAsync(server, machine));
        var schema = (await client.GetAsync("schemas", "register", TestServer.Token))!;
        Assert.Equal(["GET", "POST"], schema.Array("collectionMethods")!.Select(m => (string?)m));
        Assert.Empty(await client.ListAsync("register", [new("key", Key)], TestServer.Token));
        var made = await client.CreateAsync("register", new JsonObject { ["key"] = Key }, TestServer.Token);
        var byId = (await client.GetAsync("register", made.Id, TestServer.Token))!;
        Assert.Equal(("no", null, null, null), (byId.Transitioning, byId.Text("key"), byId.Text("accessKey"), byId.Text("secretKey")));
        Assert.All(await client.ListAsync("register", TestServer.Token), r => Assert.Null(r.Text("secretKey")));
        Assert.Empty(await client.ListAsync("register", [new("key", OtherKey)], TestServer.Token));
        var keys = (await client.ListAsync("register", [new("key", Key)], TestServer.Token)).Single();
        var agent = server.Client("v1", keys.Text("accessKey")!, keys.Text("secretKey")!);
        Assert.Equal("configContent", (await agent.GetAsync("schemas", "configcontent", TestServer.Token))!.Id);
        Assert.Null(await agent.GetAsync("schemas", "account", TestServer.Token));
        Assert.Equal(404, (await TestServer.RefusedAsync(() => agent.ListAsync("machines", TestServer.Token))).Status);
        Assert.Equal(404, (await TestServer.RefusedAsync(() => client.ListAsync("machines", TestServer.Token))).Status);
    }

    [Fact]
    public async Task Register_SameKeyAgain_GivesTheSameKeysAndNoSecondAgent()
    {
        var (server, machine) = await CreatingAsync();
        await using var _ = server;
        var client = TestAgent.Registrar(server, await TestAgent.MachineTokenAsync(server, machine));
        var all = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => client.CreateAsync("register", new JsonObject { ["key"] = Key }, TestServer.Token)));
        Assert.Single(all.Select(r => r.Text("accessKey")).Distinct());
        Assert.Single(all.Select(r => r.Text("secretKey")).Distinct());
        Assert.Single(await server.Service.ListAsync("agents", TestServer.Token));
    }

    [Fact]
    public async Task MachineToken_SecondKey_IsForbidden()
    {
        var (server, machine) = await CreatingAsync();
        await using var _ = server;
        var token = await TestAgent.MachineTokenAsync(server, machine);
        await TestAgent.RegisterAsync(server, token, Key);
        var error = await TestServer.RefusedAsync(() => TestAgent.RegisterAsync(server, token, OtherKey));
        Assert.Equal(403, error.Status);
        Assert.Contains("has been used", error.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task MachineToken_AfterTwoHours_IsOver()
    {
        var (server, machine) = await CreatingAsync();
        await using var _ = server;
        var token = await TestAgent.MachineTokenAsync(server, machine);
        server.Time.Advance(TimeSpan.FromHours(2));
        Assert.Equal(401, (await TestServer.RefusedAsync(() => TestAgent.RegisterAsync(server, token))).Status);
        Assert.Equal(404, (int)(await server.RawAsync(HttpMethod.Get, $"/v1/scripts/{token}")).Status);
    }

    [Fact]
    public async Task MachineToken_OfARemovedMachine_IsOver()
    {
        var (server, machine) = await CreatingAsync();
        await using var _ = server;
        var token = await TestAgent.MachineTokenAsync(server, machine);
        await server.Project.DeleteAsync("machines", machine.Id, TestServer.Token);
        Assert.Equal(401, (await TestServer.RefusedAsync(() => TestAgent.RegisterAsync(server, token))).Status);
        var error = await TestServer.RefusedAsync(() => TestAgent.MachineTokenAsync(server, machine));
        Assert.Equal(("InvalidReference", "physicalHostId"), (error.Code, error.FieldName));
    }

    [Fact]
    public async Task EnvironmentToken_ManyHosts_CanRegister()
    {
        await using var server = await TestServer.StartAsync();
        var token = (await server.Project.CreateAsync("registrationtokens", [], TestServer.Token)).Text("token")!;
        await using var one = await TestAgent.RegisterAsync(server, token, Key);
        await using var two = await TestAgent.RegisterAsync(server, token, OtherKey);
        Assert.NotNull(await one.HelloAsync("uuid-1"));
        Assert.NotNull(await two.HelloAsync("uuid-2"));
        Assert.Equal(2, (await server.Project.ListAsync("hosts", TestServer.Token)).Count);
        Assert.All(await server.Project.ListAsync("physicalhosts", TestServer.Token), p => Assert.Equal(("physicalHost", "active"), (p.Text("kind"), p.State)));
        Assert.Empty(await server.Project.ListAsync("machines", TestServer.Token));
    }

    [Fact]
    public async Task Token_Deactivated_NoLongerRegisters()
    {
        await using var server = await TestServer.StartAsync();
        var token = await server.Project.CreateAsync("registrationtokens", [], TestServer.Token);
        var inactive = await server.Project.ActionAsync("registrationtokens", token.Id, "deactivate", null, TestServer.Token);
        Assert.Equal(("inactive", null, null), (inactive.State, inactive.Text("token"), inactive.Link("registrationUrl")));
        Assert.Equal(401, (await TestServer.RefusedAsync(() => TestAgent.RegisterAsync(server, token.Text("token")!))).Status);
    }

    [Theory]
    [InlineData("register.create:before")]
    [InlineData("register.create:after")]
    public async Task Register_ServerKilledAtTheWrite_TheSameKeyWorksAfterTheRestart(string point)
    {
        var directory = await TemplateData.CopyAsync();
        try
        {
            var killed = false;
            await using (var first = await TestServer.StartAsync(d => new ServerOptions { DataDirectory = d, PasswordIterations = 1000, Reached = p => Kill(p, point, ref killed) }, directory))
            {
                var machine = await first.MachineAsync("m");
                var token = await TestAgent.MachineTokenAsync(first, await first.WaitForStateAsync(machine.Id, "creating"));
                Assert.Equal(500, (await TestServer.RefusedAsync(() => TestAgent.RegisterAsync(first, token))).Status);
                File.WriteAllText(Path.Combine(directory, "token"), token);
            }

            await using var second = await TestServer.StartAsync(directory: directory);
            await using var agent = await TestAgent.RegisterAsync(second, File.ReadAllText(Path.Combine(directory, "token")));
            var known = (await second.Service.ListAsync("machines", TestServer.Token)).Single();
            Assert.NotNull(await agent.HelloAsync(known.Text("externalId")!));
            await using var db = second.OpenDatabase();
            Assert.Equal((1, 1), (await db.Agents.CountAsync(TestServer.Token), await db.Registers.CountAsync(TestServer.Token)));
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static void Kill(string reached, string point, ref bool killed)
    {
        if (reached == point || killed)
        {
            killed = true;
            throw new InvalidOperationException("killed");
        }
    }
}
