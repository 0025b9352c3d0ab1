using System.Net;
using System.Text.Json.Nodes;
using Drover.Server.Tests.Harness;

namespace Drover.Server.Tests.Api;

/// <summary>The API's form: cattle-api §1 and §9.</summary>
public class WireFormTests
{
    [Theory]
    [InlineData("/v1")]
    [InlineData("/v2-beta")]
    [InlineData("/v1/")]
    [InlineData("/v1/machines")]
    [InlineData("/v2-beta/projects/1a5/machines")]
    public async Task Request_WithoutKeys_Is401WithBodySchemasAndChallenge(string path)
    {
        await using var server = await TestServer.StartAsync();
        var (status, body, response) = await server.RawAsync(HttpMethod.Get, path);
        Assert.Equal(HttpStatusCode.Unauthorized, status);
        Assert.Equal(("error", "Unauthorized", 401), ((string?)body["type"], (string?)body["code"], (int)body["status"]!));
        Assert.NotEmpty((string?)body["detail"] ?? "");
        Assert.EndsWith("/schemas", response.Headers.GetValues("X-API-Schemas").Single(), StringComparison.Ordinal);
        Assert.Equal("Basic realm=\"Enter API access key and secret key as username and password\"", response.Headers.WwwAuthenticate.Single().ToString());
        var (_, _, quiet) = await server.RawAsync(HttpMethod.Get, path, with: r => r.Headers.Add("X-API-No-Challenge", "true"));
        Assert.Empty(quiet.Headers.WwwAuthenticate);
    }

    [Theory]
    [InlineData("v1")]
    [InlineData("v2-beta")]
    [InlineData("v2-beta/projects/1a5")]
    public async Task Handshake_AsEveryGoClientDoesIt_Works(string root)
    {
        await using var server = await TestServer.StartAsync();
        var (status, body, response) = await server.RawAsync(HttpMethod.Get, $"/{root}{(root.Contains("projects", StringComparison.Ordinal) ? "/schemas" : "")}", with: r => r.Headers.Authorization = server.Admin.Authorization);
        Assert.Equal(HttpStatusCode.OK, status);
        var schemas = new Uri(response.Headers.GetValues("X-API-Schemas").Single());
        Assert.Equal(new Uri(server.Address, $"/{root}/schemas"), schemas);
        var all = await server.Admin.SendAsync(HttpMethod.Get, schemas.AbsoluteUri, null, TestServer.Token);
        Assert.Equal(schemas.AbsoluteUri, (string?)all["links"]!["self"]);
        var machine = all["data"]!.AsArray().Single(s => (string?)s!["id"] == "machine")!;
        Assert.Equal("schema", (string?)machine["type"]);
        Assert.Equal("machines", (string?)machine["pluralName"]);
        Assert.Equal($"{server.Address.AbsoluteUri}{root}/machines", (string?)machine["links"]!["collection"]);
        Assert.Equal(["GET", "POST"], machine["collectionMethods"]!.AsArray().Select(m => (string?)m));
        Assert.Equal(["GET", "PUT", "DELETE"], machine["resourceMethods"]!.AsArray().Select(m => (string?)m));
        var config = machine["resourceFields"]!["mesosConfig"]!;
        Assert.Equal(("mesosConfig", true), ((string?)config["type"], (bool)config["create"]!));
        Assert.Contains(all["data"]!.AsArray(), s => (string?)s!["id"] == "mesosConfig" && s["resourceFields"]!["memory"] is not null);
        Assert.NotNull(body["links"]);
    }

    [Fact]
    public async Task Root_ForAJsonClient_ListsTheVersions()
    {
        await using var server = await TestServer.StartAsync();
        var (status, body, _) = await server.RawAsync(HttpMethod.Get, "/", with: r =>
        {
            r.Headers.Authorization = server.Admin.Authorization;
            r.Headers.Add("Accept", "application/json");
        });
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal(["v1", "v2-beta"], body["data"]!.AsArray().Select(v => (string?)v!["id"]));
        Assert.EndsWith("/v2-beta", (string?)body["links"]!["latest"], StringComparison.Ordinal);
        var (page, _, _) = await server.RawAsync(HttpMethod.Get, "/", with: r => r.Headers.Add("Accept", "text/html"));
        Assert.Equal(HttpStatusCode.NotFound, page);
    }

    [Fact]
    public async Task Answer_WithKeys_SaysWhoOneIs()
    {
        await using var server = await TestServer.StartAsync();
        var (_, _, outside) = await server.RawAsync(HttpMethod.Get, "/v1/machines", with: r => r.Headers.Authorization = server.Admin.Authorization);
        Assert.Equal(("1a1", "1a1", "admin"), (outside.Header("X-API-ACCOUNT-ID"), outside.Header("X-API-USER-ID"), outside.Header("X-API-ACCOUNT-KIND")));
        var (_, _, inside) = await server.RawAsync(HttpMethod.Get, "/v1/projects/1a5/machines", with: r => r.Headers.Authorization = server.Admin.Authorization);
        Assert.Equal(("1a5", "1a1"), (inside.Header("X-API-ACCOUNT-ID"), inside.Header("X-API-USER-ID")));
    }

    [Theory]
    [InlineData("/v1/machines/1ph1")]
    [InlineData("/v1/machine/1ph1")]
    [InlineData("/v1/MACHINES/1ph1/")]
    [InlineData("/v1//machines//1ph1")]
    [InlineData("/v2-beta/projects/1a5/machines/1ph1")]
    [InlineData("/v2-beta/project/1a5/machine/1ph1")]
    public async Task Path_InAnyOfItsForms_FindsTheResource(string path)
    {
        await using var server = await TestServer.StartAsync();
        await server.MachineAsync("m");
        var (status, body, _) = await server.RawAsync(HttpMethod.Get, path, with: r => r.Headers.Authorization = server.Admin.Authorization);
        Assert.Equal(HttpStatusCode.OK, status);
        var root = path.Contains("project", StringComparison.Ordinal) ? "v2-beta/projects/1a5" : "v1";
        Assert.Equal($"{server.Address.AbsoluteUri}{root}/machines/1ph1", (string?)body["links"]!["self"]);
    }

    [Fact]
    public async Task Resource_OnTheWire_HasCattlesShape()
    {
        await using var server = await TestServer.StartAsync();
        var machine = (await server.MachineAsync("m", new JsonObject { ["labels"] = new JsonObject { ["n"] = 5 } })).Json;
        Assert.Equal(("1ph1", "machine", "physicalHost", "1a5", "machine"), ((string?)machine["id"], (string?)machine["type"], (string?)machine["baseType"], (string?)machine["accountId"], (string?)machine["kind"]));
        Assert.Equal("2026-03-01T12:00:00Z", (string?)machine["created"]);
        Assert.Equal(TestServer.Noon.ToUnixTimeMilliseconds(), (long)machine["createdTS"]!);
        Assert.True(machine.ContainsKey("removed") && machine["removed"] is null);
        Assert.Equal("5", (string?)machine["labels"]!["n"]);
        Assert.False(machine.ContainsKey("data"));
        Assert.Equal($"{server.Address.AbsoluteUri}v1/projects/1a5/machines/1ph1/?action=remove", (string?)machine["actions"]!["remove"]);
        Assert.False(machine["actions"]!.AsObject().ContainsKey("error"));
        Assert.NotNull((await server.Service.GetAsync("machines", "1ph1", TestServer.Token))!.Object("data")!["fields"]);
    }

    [Fact]
    public async Task Links_BehindAProxy_UseItsAddress()
    {
        await using var server = await TestServer.StartAsync();
        var (_, body, response) = await server.RawAsync(HttpMethod.Get, "/v1/machines", with: r =>
        {
            r.Headers.Authorization = server.Admin.Authorization;
            r.Headers.Add("X-Forwarded-Proto", "https");
            r.Headers.Add("X-Forwarded-Host", "drover.example");
            r.Headers.Add("X-Forwarded-Port", "443");
        });
        Assert.Equal("https://drover.example/v1/machines", (string?)body["links"]!["self"]);
        Assert.Equal("https://drover.example/v1/schemas", response.Header("X-API-Schemas"));
    }

    [Theory]
    [InlineData("{", 400, "InvalidBodyContent")]
    [InlineData("[]", 400, "InvalidBodyContent")]
    [InlineData("null", 400, "InvalidBodyContent")]
    [InlineData("{\"name\":\"a\",\"name\":\"b\"}", 400, "InvalidBodyContent")]
    [InlineData("{\"name\":\"\\ud800\"}", 400, "InvalidBodyContent")]
    [InlineData("{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":1}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}", 400, "InvalidBodyContent")]
    [InlineData("", 422, "MissingRequired")]
    public async Task Body_ThatIsNoObject_IsRefusedWithASentence(string body, int status, string code)
    {
        await using var server = await TestServer.StartAsync();
        var (answered, error, _) = await server.RawAsync(HttpMethod.Post, "/v1/projects/1a5/machines", body, r => r.Headers.Authorization = server.Admin.Authorization);
        Assert.Equal((status, code), ((int)answered, (string?)error["code"]));
        Assert.Contains(' ', (string)error["detail"]!);
    }

    [Fact]
    public async Task Body_OfMoreThanAMebibyte_Is413()
    {
        await using var server = await TestServer.StartAsync();
        var (status, error, _) = await server.RawAsync(HttpMethod.Post, "/v1/projects/1a5/machines", $"{{\"name\":\"{new string('a', 1024 * 1024)}\"}}", r => r.Headers.Authorization = server.Admin.Authorization);
        Assert.Equal((413, "error"), ((int)status, (string?)error["type"]));
    }

    [Fact]
    public async Task Form_AndMethodOverride_AreUnderstood()
    {
        await using var server = await TestServer.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(server.Address, "/v1/projects/1a5/apikeys")) { Content = new FormUrlEncodedContent([new("name", "by-form")]) };
        request.Headers.Authorization = server.Admin.Authorization;
        var response = await server.Http.SendAsync(request, TestServer.Token);
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        var key = (await server.Project.ListAsync("apikeys", [new("name", "by-form")], TestServer.Token)).Single();
        await server.Project.ActionAsync("apikeys", key.Id, "deactivate", null, TestServer.Token);
        var (status, body, _) = await server.RawAsync(HttpMethod.Post, $"/v1/projects/1a5/apikeys/{key.Id}?_method=DELETE", with: r => r.Headers.Authorization = server.Admin.Authorization);
        Assert.Equal((HttpStatusCode.OK, "removed"), (status, (string?)body["state"]));
    }

    [Theory]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData("text/plain")]
    [InlineData(null)]
    public async Task Body_OfJson_IsReadWhateverItCallsItself(string? contentType)
    {
        await using var server = await TestServer.StartAsync();
        var (status, body, _) = await server.RawAsync(HttpMethod.Post, "/v1/projects/1a5/apikeys", """ {"name":"by-curl"}""", r =>
        {
            r.Headers.Authorization = server.Admin.Authorization;
            r.Content!.Headers.Remove("Content-Type");
            if (contentType is not null)
            {
                r.Content.Headers.Add("Content-Type", contentType);
            }
        });
        Assert.Equal((HttpStatusCode.Created, "by-curl"), (status, (string?)body["name"]));
    }

    [Fact]
    public async Task Schemas_ById_TakeNamePluralAndAnyCase()
    {
        await using var server = await TestServer.StartAsync();
        foreach (var id in new[] { "machine", "machines", "MACHINE" })
        {
            Assert.Equal("machine", (await server.Admin.GetAsync("schemas", id, TestServer.Token))!.Id);
        }

        Assert.Equal("schema", (await server.Project.GetAsync("schemas", "schemas", TestServer.Token))!.Id);
        Assert.Null(await server.Admin.GetAsync("schemas", "nonsense", TestServer.Token));
    }

    [Fact]
    public async Task Schemas_WithoutKeys_AreThoseForLoggingIn()
    {
        await using var server = await TestServer.StartAsync();
        var (_, body, _) = await server.RawAsync(HttpMethod.Get, "/v1/schemas");
        Assert.Equal(["schema", "script", "token"], body["data"]!.AsArray().Select(s => (string)s!["id"]!).Order());
    }

    [Fact]
    public async Task Schemas_OfPublish_HaveNoCollectionSoThatGoClientsFallBackToSelf()
    {
        await using var server = await TestServer.StartAsync();
        var publish = (await server.Service.GetAsync("schemas", "publish", TestServer.Token))!;
        Assert.Null(publish.Link("collection"));
        Assert.EndsWith("/v1/schemas/publish", publish.Link("self"), StringComparison.Ordinal);
        Assert.Equal("publish", publish.Text("pluralName"));
        Assert.Equal(["POST"], publish.Array("collectionMethods")!.Select(m => (string?)m));
    }

    [Fact]
    public async Task Schemas_LimitsOfFields_AreWholeNumbersOrNull()
    {
        // Go clients decode them into integers.
        await using var server = await TestServer.StartAsync();
        foreach (var schema in await server.Admin.ListAsync("schemas", TestServer.Token))
        {
            foreach (var (name, field) in schema.Object("resourceFields")!)
            {
                Assert.All(new[] { "min", "max", "minLength", "maxLength" }, limit => Assert.True(field![limit] is null || field[limit]!.AsValue().TryGetValue<long>(out _), $"{schema.Id}.{name}.{limit}"));
            }
        }
    }

    [Fact]
    public async Task Action_UnknownOrNotPossible_Is422()
    {
        await using var server = await TestServer.StartAsync();
        var machine = await server.MachineAsync("m");
        var unknown = await TestServer.RefusedAsync(() => server.Project.ActionAsync("machines", machine.Id, "dance", null, TestServer.Token));
        Assert.Equal((422, "InvalidAction"), (unknown.Status, unknown.Code));
        var key = await server.Project.CreateAsync("apikeys", [], TestServer.Token);
        var early = await TestServer.RefusedAsync(() => server.Project.ActionAsync("apikeys", key.Id, "activate", null, TestServer.Token));
        Assert.Equal((422, "ActionNotAvailable", "action"), (early.Status, early.Code, early.FieldName));
        var late = await TestServer.RefusedAsync(() => server.Project.DeleteAsync("apikeys", key.Id, TestServer.Token));
        Assert.Equal(405, late.Status);
    }

    [Fact]
    public async Task Action_InJsonAndWithoutABody_Is202WithABody()
    {
        await using var server = await TestServer.StartAsync();
        var key = await server.Project.CreateAsync("apikeys", [], TestServer.Token);
        var (status, body, _) = await server.RawAsync(HttpMethod.Post, $"/v1/projects/1a5/apikeys/{key.Id}/?action=deactivate", with: r =>
        {
            r.Headers.Authorization = server.Admin.Authorization;
            r.Content = new ByteArrayContent([]);
        });
        Assert.Equal((HttpStatusCode.Accepted, "inactive"), (status, (string?)body["state"]));
    }

    [Fact]
    public async Task Update_WithTheWholeResourceSentBack_ChangesOnlyWhatDiffers()
    {
        await using var server = await TestServer.StartAsync();
        var machine = await server.MachineAsync("m", new JsonObject { ["labels"] = new JsonObject { ["a"] = "1" } });
        var json = (JsonObject)machine.Json.DeepClone();
        json["description"] = "new words";
        json["state"] = "active";
        json["externalId"] = "stolen";
        json["links"] = null;
        var changed = await server.Project.UpdateAsync("machines", machine.Id, json, TestServer.Token);
        Assert.Equal("new words", changed.Text("description"));
        Assert.NotEqual("active", changed.State);
        Assert.NotEqual("stolen", changed.Text("externalId"));
        Assert.Equal("1", changed.Map("labels")["a"]);
    }
}
