using System.Net;
using Drover.Server.Api.Registry;
using Drover.Server.Api.Requests;
using Drover.Server.Tests.Harness;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Drover.Server.Tests.Api;

/// <summary>No route without a rule.</summary>
public class RouteRuleTests
{
    private static readonly string[] OpenTypes = ["token", "schema", "script", "console", "containerstats", "exec", "hoststats", "logs", "pull"];

    [Fact]
    public async Task EveryEndpoint_OfTheApp_CarriesARule()
    {
        await using var server = await TestServer.StartAsync();
        var endpoints = server.Services.GetServices<EndpointDataSource>().SelectMany(s => s.Endpoints).Distinct().ToList();
        Assert.True(endpoints.Count > 50);
        Assert.All(endpoints, e => Assert.True(e.Metadata.GetMetadata<AccessRule>() is not null, $"{e.DisplayName} has no rule"));
    }

    [Fact]
    public async Task EveryType_ExceptTheOpenOnes_IsClosedToWhoHasNoCredentials()
    {
        await using var server = await TestServer.StartAsync();
        var registry = server.Services.GetRequiredService<ResourceRegistry>();
        Assert.Equal(OpenTypes.Order(), registry.Types.Where(t => t.VerbsOf(Roles.Anonymous) != Verbs.None).Select(t => t.Name).Order());
        foreach (var type in registry.Types.Where(t => t is not EmbeddedType && !OpenTypes.Contains(t.Name)))
        {
            foreach (var path in new[] { $"/v1/{type.PathName}", $"/v1/{type.PathName}/1x1", $"/v1/{type.PathName}/1x1/account", $"/v2-beta/projects/1a5/{type.PathName}" })
            {
                foreach (var method in new[] { HttpMethod.Get, HttpMethod.Post, HttpMethod.Put, HttpMethod.Delete })
                {
                    Assert.Equal(HttpStatusCode.Unauthorized, (await server.RawAsync(method, path, "{}")).Status);
                }
            }
        }
    }

    [Theory]
    [InlineData("/.api/machines")]
    [InlineData("/.api")]
    [InlineData("/.API/machines")]
    [InlineData("/v1/nonsense")]
    [InlineData("/v1/machines/1ph1/a/b/c")]
    public async Task Path_ThatIsNoRoute_IsNotFoundEvenForTheAdministrator(string path)
    {
        await using var server = await TestServer.StartAsync();
        var (status, _, _) = await server.RawAsync(HttpMethod.Get, path, with: r => r.Headers.Authorization = server.Admin.Authorization);
        Assert.Equal(HttpStatusCode.NotFound, status);
    }

    [Theory]
    [InlineData("/ping", "pong")]
    [InlineData("/healthz", "ok")]
    [InlineData("/readyz", "ok")]
    public async Task Probe_WithoutCredentials_Answers(string path, string text)
    {
        await using var server = await TestServer.StartAsync();
        Assert.Equal(text, await server.Http.GetStringAsync(new Uri(server.Address, path), TestServer.Token));
    }

    /// <summary>Who may do what, role by role; a change of this table is a decision, not an accident.</summary>
    [Theory]
    [InlineData("machine", "Admin:RCUDA Service:RCUDA Owner:RCUDA Member:RCUDA Project:RCUDA Restricted:R ReadOnly:R User:RC")]
    [InlineData("host", "Admin:RUDA Service:RUDA Owner:RUDA Member:RUDA Project:RUDA Restricted:R ReadOnly:R User:R")]
    [InlineData("registrationToken", "Admin:RCUDA Service:RCUDA Owner:RCUDA Member:RCUDA Project:RCUDA User:RC")]
    [InlineData("account", "Admin:RCUDA Service:R Owner:R Member:R Project:R Restricted:R ReadOnly:R User:R")]
    [InlineData("apiKey", "Admin:RCUDA Service:RCUDA Owner:RCUDA Member:RCUDA Project:RCUDA User:RCUDA")]
    [InlineData("password", "Admin:RCUDA User:RA")]
    [InlineData("externalHandler", "Admin:RCUDA Service:RCUDA")]
    [InlineData("register", "Register:RC")]
    [InlineData("agentlink", "Agent:R Register:R")]
    [InlineData("agent", "Admin:R Service:R Agent:R")]
    [InlineData("subscribe", "Service:RC Owner:RC Member:RC Project:RC Restricted:RC ReadOnly:RC Agent:RC")]
    [InlineData("publish", "Admin:C Service:C Owner:C Member:C Project:C Restricted:C ReadOnly:C Agent:C")]
    [InlineData("auditLog", "Admin:R Service:R Owner:R Member:R Project:R User:R")]
    [InlineData("hostImage", "Admin:RCUDA Service:RCUDA Owner:R Member:R Project:R Restricted:R ReadOnly:R User:R")]
    [InlineData("setting", "Admin:RU Service:RU Owner:R Member:R Project:R Restricted:R ReadOnly:R User:R")]
    public async Task Type_ByRole_AllowsWhatIsWrittenHere(string name, string expected)
    {
        await using var server = await TestServer.StartAsync();
        var type = server.Services.GetRequiredService<ResourceRegistry>().Find(name)!;
        var said = AccessTable.Each(Roles.Known | Roles.Anonymous).Where(r => type.VerbsOf(r) != Verbs.None).Select(r => $"{r}:{Letters(type.VerbsOf(r))}");
        Assert.Equal(expected.Split(' ').Order(), said.Order());
    }

    private static string Letters(Verbs verbs) => string.Concat(
        new[] { (Verbs.Read, "R"), (Verbs.Create, "C"), (Verbs.Update, "U"), (Verbs.Delete, "D"), (Verbs.Act, "A") }.Where(v => verbs.HasFlag(v.Item1)).Select(v => v.Item2));
}
