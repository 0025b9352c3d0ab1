using System.Net;
using System.Text.Json.Nodes;
using Drover.Api.Cattle;
using Drover.Server.Identity;
using Drover.Server.Tests.Harness;
using Microsoft.EntityFrameworkCore;

namespace Drover.Server.Tests.Identity;

public class LoginTests
{
    private static string InitialPassword(TestServer server) => File.ReadAllText(Path.Combine(server.Directory, "initial-password")).Trim();

    private static CattleClient Anonymous(TestServer server) => new(server.Http, new Uri(server.Address, "v1"), null);

    private static Task<CattleResource> LoginAsync(TestServer server, string code) => Anonymous(server).CreateAsync("token", new JsonObject { ["code"] = code }, TestServer.Token);

    [Fact]
    public async Task Admin_WithTheInitialPassword_GetsATokenThatWorksEverywhere()
    {
        await using var server = await TestServer.StartAsync();
        var token = await LoginAsync(server, $"admin:{InitialPassword(server)}");
        Assert.Equal(("token", "1a1", "admin"), (token.Type, token.AccountId, token.Text("userType")));
        Assert.Equal("rancher_id:1a1", (string?)token.Object("userIdentity")!["id"]);
        var jwt = token.Text("jwt")!;
        foreach (var with in new Action<HttpRequestMessage>[]
        {
            r => r.Headers.Authorization = CattleClient.Bearer(jwt),
            r => r.Headers.Add("Cookie", $"token={jwt}"),
            r => r.RequestUri = new Uri(server.Address, $"/v1/projects?token={jwt}"),
            r => r.Headers.Authorization = CattleClient.Basic("X-API-BEARER=1a5", jwt),
        })
        {
            var (status, body, _) = await server.RawAsync(HttpMethod.Get, "/v1/projects", with: with);
            Assert.Equal(HttpStatusCode.OK, status);
            Assert.Equal("Default", (string?)body["data"]![0]!["name"]);
        }
    }

    [Theory]
    [InlineData("admin:wrong-password", 401)]
    [InlineData("nobody:wrong-password", 401)]
    [InlineData("admin", 403)]
    [InlineData("", 422)]
    public async Task Login_Wrong_IsRefused(string code, int status)
    {
        await using var server = await TestServer.StartAsync();
        Assert.Equal(status, (await TestServer.RefusedAsync(() => LoginAsync(server, code))).Status);
    }

    [Fact]
    public async Task Login_WrongManyTimes_IsSlowedDownAndThenForgiven()
    {
        await using var server = await TestServer.StartAsync();
        for (var i = 0; i < 6; i++)
        {
            Assert.Equal(401, (await TestServer.RefusedAsync(() => LoginAsync(server, "admin:wrong-password"))).Status);
        }

        Assert.Equal(429, (await TestServer.RefusedAsync(() => LoginAsync(server, $"admin:{InitialPassword(server)}"))).Status);
        server.Time.Advance(TimeSpan.FromSeconds(2));
        Assert.NotNull((await LoginAsync(server, $"admin:{InitialPassword(server)}")).Text("jwt"));
    }

    [Fact]
    public async Task Token_TamperedExpiredOrLoggedOut_Is401()
    {
        await using var server = await TestServer.StartAsync();
        var jwt = (await LoginAsync(server, $"admin:{InitialPassword(server)}")).Text("jwt")!;
        var parts = jwt.Split('.');
        foreach (var bad in new[] { "x", "a.b.c", $"{parts[0]}.{parts[1]}.{parts[2][..^2]}xx", $"{parts[0]}.{parts[1]}x.{parts[2]}", $"eyJhbGciOiJub25lIn0.{parts[1]}." })
        {
            var client = new CattleClient(server.Http, new Uri(server.Address, "v1"), CattleClient.Bearer(bad));
            Assert.Equal(401, (await TestServer.RefusedAsync(() => client.ListAsync("projects", TestServer.Token))).Status);
        }

        var session = new CattleClient(server.Http, new Uri(server.Address, "v1"), CattleClient.Bearer(jwt));
        await session.ListAsync("projects", TestServer.Token);
        var (status, _, _) = await server.RawAsync(HttpMethod.Delete, "/v1/token/current", with: r => r.Headers.Authorization = session.Authorization);
        Assert.Equal(HttpStatusCode.NoContent, status);
        Assert.Equal(401, (await TestServer.RefusedAsync(() => session.ListAsync("projects", TestServer.Token))).Status);

        var again = await server.LoginAsync("admin", InitialPassword(server));
        server.Time.Advance(TimeSpan.FromHours(16));
        Assert.Equal(401, (await TestServer.RefusedAsync(() => again.ListAsync("projects", TestServer.Token))).Status);
    }

    [Fact]
    public async Task Cookie_FromABrowser_NeedsTheCsrfHeaderForChanges()
    {
        await using var server = await TestServer.StartAsync();
        var jwt = (await LoginAsync(server, $"admin:{InitialPassword(server)}")).Text("jwt")!;
        void Browser(HttpRequestMessage r) => r.Headers.TryAddWithoutValidation("User-Agent", "Mozilla/5.0");
        var (_, _, first) = await server.RawAsync(HttpMethod.Get, "/v1/projects", with: r =>
        {
            Browser(r);
            r.Headers.Add("Cookie", $"token={jwt}");
        });
        var csrf = first.Headers.GetValues("Set-Cookie").Single(c => c.StartsWith("CSRF=", StringComparison.Ordinal)).Split(';')[0][5..];
        async Task<string?> CreateAsync(string? cookie, string? header, string path = "/v1/projects")
        {
            var (status, body, _) = await server.RawAsync(HttpMethod.Post, path, """{"name":"p"}""", r =>
            {
                Browser(r);
                r.Headers.Add("Cookie", $"token={jwt}{(cookie is null ? "" : $"; CSRF={cookie}")}");
                if (header is not null)
                {
                    r.Headers.Add("X-API-CSRF", header);
                }
            });
            return status == HttpStatusCode.Created ? "created" : $"{(int)status} {body["code"]}";
        }

        Assert.Equal("403 InvalidCSRFToken", await CreateAsync(csrf, null));
        Assert.Equal("403 InvalidCSRFToken", await CreateAsync(null, null));
        Assert.Equal("403 InvalidCSRFToken", await CreateAsync(csrf, "other"));
        Assert.Equal("created", await CreateAsync(csrf, csrf));
        var (hidden, _, _) = await server.RawAsync(HttpMethod.Get, "/v1/projects/1a5?_method=DELETE", with: r => r.Headers.Add("Cookie", $"token={jwt}"));
        Assert.Equal(HttpStatusCode.Forbidden, hidden);
    }

    [Fact]
    public async Task Password_Changed_EndsOtherLoginsAndRemovesTheFile()
    {
        await using var server = await TestServer.StartAsync();
        var old = InitialPassword(server);
        var (mine, other) = (await server.LoginAsync("admin", old), await server.LoginAsync("admin", old));
        var password = (await mine.ListAsync("passwords", TestServer.Token)).Single();
        Assert.Null(password.Text("secretValue"));
        Task<CattleResource> ChangeAsync(string from, string to) => mine.ActionAsync("passwords", password.Id, "changesecret", new JsonObject { ["oldSecret"] = from, ["newSecret"] = to }, TestServer.Token);
        Assert.Equal("oldSecret", (await TestServer.RefusedAsync(() => ChangeAsync("wrong", "long-enough-1"))).FieldName);
        Assert.Equal("newSecret", (await TestServer.RefusedAsync(() => ChangeAsync(old, "short"))).FieldName);
        Assert.True(File.Exists(Path.Combine(server.Directory, "initial-password")));
        await ChangeAsync(old, "long-enough-1");
        Assert.False(File.Exists(Path.Combine(server.Directory, "initial-password")));
        await mine.ListAsync("projects", TestServer.Token);
        Assert.Equal(401, (await TestServer.RefusedAsync(() => other.ListAsync("projects", TestServer.Token))).Status);
        Assert.Equal(401, (await TestServer.RefusedAsync(() => LoginAsync(server, $"admin:{old}"))).Status);
        Assert.NotNull((await LoginAsync(server, "admin:long-enough-1")).Text("jwt"));
    }

    [Fact]
    public async Task Keys_InTheDatabase_AreHashedAndTheirSecretIsShownOnce()
    {
        await using var server = await TestServer.StartAsync();
        var key = await server.Project.CreateAsync("apikeys", new JsonObject { ["name"] = "k" }, TestServer.Token);
        Assert.Equal((20, 40), (key.Text("publicValue")!.Length, key.Text("secretValue")!.Length));
        Assert.Null((await server.Project.GetAsync("apikeys", key.Id, TestServer.Token))!.Text("secretValue"));
        await using (var db = server.OpenDatabase())
        {
            Assert.Equal(Secrets.Hash(key.Text("secretValue")!), (await db.Credentials.SingleAsync(c => c.PublicValue == key.Text("publicValue"), TestServer.Token)).SecretHash);
        }

        var client = server.Client("v1", key.Text("publicValue")!, key.Text("secretValue")!);
        await client.ListAsync("machines", TestServer.Token);
        Assert.Equal(401, (await TestServer.RefusedAsync(() => server.Client("v1", key.Text("publicValue")!, "wrong").ListAsync("machines", TestServer.Token))).Status);
        await server.Project.ActionAsync("apikeys", key.Id, "deactivate", null, TestServer.Token);
        Assert.Equal(401, (await TestServer.RefusedAsync(() => client.ListAsync("machines", TestServer.Token))).Status);
    }

    [Fact]
    public async Task ServiceAccount_MadeAsTheGoToolsDo_CanRegisterHandlers()
    {
        await using var server = await TestServer.StartAsync();
        var account = await server.Admin.CreateAsync("accounts", new JsonObject { ["kind"] = "service", ["name"] = "mesos", ["uuid"] = "mesos" }, TestServer.Token);
        await server.Admin.CreateAsync("apikeys", new JsonObject { ["accountId"] = account.Id, ["publicValue"] = "chosen-access-key", ["secretValue"] = "chosen-secret-key-1" }, TestServer.Token);
        var client = server.Client("v1", "chosen-access-key", "chosen-secret-key-1");
        var handler = await client.CreateAsync("externalhandlers", new JsonObject { ["name"] = "x", ["processConfigs"] = new JsonArray(new JsonObject { ["name"] = "physicalhost.create" }, new JsonObject { ["name"] = "ping" }) }, TestServer.Token);
        Assert.Equal("active", handler.State);
    }

    [Fact]
    public async Task User_AtHisFirstLogin_GetsAnEnvironmentOfHisOwn()
    {
        await using var server = await TestServer.StartAsync();
        var (user, _) = await server.UserAsync("ann");
        var project = (await user.ListAsync("projects", TestServer.Token)).Single();
        Assert.Equal("ann-Default", project.Name);
        Assert.NotNull(project.ActionUrl("setmembers"));
        await server.LoginAsync("ann", "ann-password");
        Assert.Single(await user.ListAsync("projects", TestServer.Token));
    }

    [Fact]
    public async Task Change_ByAnybody_IsInTheAuditLog()
    {
        await using var server = await TestServer.StartAsync();
        var machine = await server.MachineAsync("m");
        await server.Project.DeleteAsync("machines", machine.Id, TestServer.Token);
        var entries = await server.Project.ListAsync("auditlogs", [new("resourceType", "machine")], TestServer.Token);
        Assert.Equal(["api.machine.create", "api.machine.delete"], entries.Select(e => e.Text("eventType")));
        Assert.All(entries, e => Assert.Equal(("1a5", "1a1", "127.0.0.1", "BasicAuth"), (e.AccountId, e.Text("authenticatedAsAccountId"), e.Text("clientIp"), e.Text("authType"))));
    }
}
