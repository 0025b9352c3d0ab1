using System.Net;
using System.Text.Json.Nodes;
using Drover.Api.Cattle;
using Drover.Server.Api.Requests;
using Drover.Server.Identity;
using Drover.Server.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace Drover.Server.Tests.Harness;

/// <summary>A whole server on a port of its own, with a copy of a ready data folder and a clock that the test moves.</summary>
internal sealed class TestServer : IAsyncDisposable
{
    public static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    /// <summary>Only for what hangs: a busy computer may take its time.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly WebApplication _app;
    private readonly bool _ownsDirectory;

    private TestServer(WebApplication app, string directory, FakeTimeProvider time, bool ownsDirectory)
    {
        (_app, Directory, Time, _ownsDirectory) = (app, directory, time, ownsDirectory);
        var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        Address = new Uri(address);
        Http = new HttpClient(new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false }) { Timeout = Patience };
        var admin = ServerFiles.ReadKey(Path.Combine(directory, "keys", "admin.json"))!.Value;
        var service = ServerFiles.ReadKey(Path.Combine(directory, "keys", "service.json"))!.Value;
        ProjectId = admin.ProjectId!;
        Admin = Client("v1", admin.AccessKey, admin.SecretKey);
        Project = Admin.ForProject(ProjectId);
        Service = Client("v1", service.AccessKey, service.SecretKey);
    }

    public string Directory { get; }

    public Uri Address { get; }

    public FakeTimeProvider Time { get; }

    public HttpClient Http { get; }

    /// <summary>The administrator, outside any environment, on <c>/v1</c>.</summary>
    public CattleClient Admin { get; }

    /// <summary>The administrator inside the default environment.</summary>
    public CattleClient Project { get; }

    public CattleClient Service { get; }

    public string ProjectId { get; }

    public IServiceProvider Services => _app.Services;

    public static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <param name="options">Changes to the standard options.</param>
    /// <param name="directory">Data of a server that was there before; the caller deletes it.</param>
    /// <param name="time">A clock to go on with.</param>
    public static async Task<TestServer> StartAsync(Func<string, ServerOptions>? options = null, string? directory = null, FakeTimeProvider? time = null)
    {
        var data = directory ?? await TemplateData.CopyAsync();
        var clock = time ?? new FakeTimeProvider(Noon);
        var app = await StartAppAsync(options?.Invoke(data) ?? TestOptions(data), clock);
        return new TestServer(app, data, clock, ownsDirectory: directory is null);
    }

    public static ServerOptions TestOptions(string directory) => new() { DataDirectory = directory, PasswordIterations = 1000 };

    public static async Task<WebApplication> StartAppAsync(ServerOptions options, FakeTimeProvider time)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton<TimeProvider>(time);
        builder.Services.AddDroverServer(options);
        var app = builder.Build();
        app.UseDroverServer();
        app.MapDroverServer();
        try
        {
            await app.StartAsync(Token);
            return app;
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }
    }

    public CattleClient Client(string version, string accessKey, string secretKey) =>
        new(Http, new Uri(Address, version), CattleClient.Basic(accessKey, secretKey));

    /// <summary>A key of an environment, made by its owner.</summary>
    public async Task<CattleClient> EnvironmentKeyAsync(string projectId)
    {
        var key = await Admin.ForProject(projectId).CreateAsync("apikeys", [], Token);
        return Client("v1", key.Text("publicValue")!, key.Text("secretValue")!);
    }

    /// <summary>A person with a login, and perhaps a role in the default environment.</summary>
    public async Task<(CattleClient Client, string AccountId)> UserAsync(string login, string? role = null)
    {
        var account = await Admin.CreateAsync("accounts", new JsonObject { ["kind"] = "user", ["name"] = login }, Token);
        await Admin.CreateAsync("passwords", new JsonObject { ["accountId"] = account.Id, ["publicValue"] = login, ["secretValue"] = $"{login}-password" }, Token);
        if (role is not null)
        {
            var admin = (await Admin.ListAsync("accounts", [new("kind", "admin")], Token))[0];
            await Admin.ActionAsync("projects", ProjectId, "setmembers", new JsonObject
            {
                ["members"] = new JsonArray(Member("owner", admin.Id), Member(role, account.Id)),
            }, Token);
        }

        return (await LoginAsync(login, $"{login}-password"), account.Id);
    }

    public static JsonObject Member(string role, string accountId) => new() { ["role"] = role, ["externalIdType"] = "rancher_id", ["externalId"] = accountId };

    public async Task<CattleClient> LoginAsync(string login, string password)
    {
        var anonymous = new CattleClient(Http, new Uri(Address, "v1"), null);
        var token = await anonymous.CreateAsync("token", new JsonObject { ["code"] = $"{login}:{password}" }, Token);
        return new CattleClient(Http, new Uri(Address, "v1"), CattleClient.Bearer(token.Text("jwt")!));
    }

    public AppDb OpenDatabase() => Services.GetRequiredService<Database>().Open();

    /// <summary>Waits for a state by asking; says what it saw instead when it does not come.</summary>
    public static async Task<CattleResource> WaitAsync(CattleClient client, string type, string id, Func<CattleResource, bool> until, string what) =>
        (await AskAsync(() => client.GetAsync(type, id, Token), seen => seen is not null && until(seen), seen => $"{type} {id} was expected to be {what}, but is {seen?.State} ({seen?.TransitioningMessage})."))!;

    public static Task WaitGoneAsync(CattleClient client, string type, string id) =>
        AskAsync(() => client.GetAsync(type, id, Token), seen => seen is null, _ => $"{type} {id} is still there.");

    private static async Task<CattleResource?> AskAsync(Func<Task<CattleResource?>> look, Func<CattleResource?, bool> until, Func<CattleResource?, string> otherwise)
    {
        CattleResource? seen = null;
        for (var began = TimeProvider.System.GetTimestamp(); TimeProvider.System.GetElapsedTime(began) < Patience;)
        {
            seen = await look();
            if (until(seen))
            {
                return seen;
            }

            await Task.Delay(2, Token);
        }

        throw new TimeoutException(otherwise(seen));
    }

    /// <summary>Asks for a machine in the default environment.</summary>
    public Task<CattleResource> MachineAsync(string name, JsonObject? also = null)
    {
        var body = new JsonObject { ["name"] = name, ["mesosConfig"] = new JsonObject() };
        foreach (var (key, value) in also ?? [])
        {
            body[key] = value?.DeepClone();
        }

        return Project.CreateAsync("machines", body, Token);
    }

    /// <summary>A machine that is active, with its agent and the handler that made it.</summary>
    public async Task<(CattleResource Machine, TestAgent Agent, ScriptedHandler Scheduler)> ActiveMachineAsync(string name)
    {
        var scheduler = await ScriptedHandler.StartAsync(this);
        var (machine, agent) = await ActiveMachineAsync(name, scheduler);
        return (machine, agent, scheduler);
    }

    /// <summary>The same with a handler that is there.</summary>
    public async Task<(CattleResource Machine, TestAgent Agent)> ActiveMachineAsync(string name, ScriptedHandler scheduler)
    {
        var machine = await MachineAsync(name);
        var create = await scheduler.NextAsync();
        var agent = await TestAgent.ForMachineAsync(this, await WaitForStateAsync(machine.Id, "creating"));
        await scheduler.ReplyAsync(create, CattleReply.Done());
        await scheduler.ReplyAsync(await scheduler.NextAsync(), CattleReply.Done());
        return (await WaitForStateAsync(machine.Id, "active"), agent);
    }

    /// <summary>Waits for the latest process of this name to be as wanted.</summary>
    public async Task<CattleResource> ProcessAsync(string name, Func<CattleResource, bool> until) =>
        (await AskAsync(
            async () => await Service.ListAsync("processes", [new("processName", name)], Token) is [.., var latest] ? latest : null,
            seen => seen is not null && until(seen),
            seen => $"The process {name} did not get there; it is {seen?.Json.ToJsonString() ?? "absent"}."))!;

    /// <summary>Moves the clock on in steps until the state is there: what waits may begin to wait only after a step.</summary>
    public async Task AdvanceUntilAsync(TimeSpan step, Func<Task<bool>> state, string what)
    {
        for (var began = TimeProvider.System.GetTimestamp(); !await state();)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began) < Patience, $"It did not come: {what}.");
            Time.Advance(step);
            await Task.Delay(5, Token);
        }
    }

    public Task<CattleResource> WaitForStateAsync(string machineId, string state) => WaitAsync(Service, "machines", machineId, m => m.State == state, state);

    public static async Task<CattleException> RefusedAsync(Func<Task> call) => await Assert.ThrowsAsync<CattleException>(call);

    public async Task<(HttpStatusCode Status, JsonObject Body, HttpResponseMessage Response)> RawAsync(HttpMethod method, string path, string? body = null, Action<HttpRequestMessage>? with = null)
    {
        using var request = new HttpRequestMessage(method, new Uri(Address, path));
        if (body is not null)
        {
            request.Content = new StringContent(body);
        }

        with?.Invoke(request);
        var response = await Http.SendAsync(request, Token);
        var text = await response.Content.ReadAsStringAsync(Token);
        return (response.StatusCode, text.StartsWith('{') ? BodyReader.Parse(System.Text.Encoding.UTF8.GetBytes(text)) : [], response);
    }

    public async Task StopAsync() => await _app.StopAsync(CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        using (var patience = new CancellationTokenSource(TimeSpan.FromSeconds(2)))
        {
            await _app.StopAsync(patience.Token);
        }

        await _app.DisposeAsync();
        if (_ownsDirectory)
        {
            System.IO.Directory.Delete(Directory, recursive: true);
        }
    }
}

internal static class ResponseHeaders
{
    public static string? Header(this HttpResponseMessage response, string name) => response.Headers.TryGetValues(name, out var values) ? values.Single() : null;
}
