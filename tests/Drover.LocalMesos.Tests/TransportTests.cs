using System.Net;
using System.Net.Http.Headers;
using Drover.Mesos.V1.Scheduler;
using Google.Protobuf;

namespace Drover.LocalMesos.Tests;

/// <summary>Status codes in the order in which Mesos comes to them, with bare HTTP.</summary>
public sealed class TransportTests : IAsyncLifetime
{
    private const string Protobuf = "application/x-protobuf";

    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false });
    private TestCluster _cluster = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _cluster = await TestCluster.StartAsync();

    public async ValueTask DisposeAsync()
    {
        await _cluster.DisposeAsync();
        _http.Dispose();
    }

    [Theory]
    [InlineData("/api/v1/scheduler")]
    [InlineData("/master/api/v1/scheduler")]
    [InlineData("/api/v1")]
    public async Task Request_WrongMethodOrType_IsRefused(string path)
    {
        using var get = await _http.GetAsync(new Uri(_cluster.Master.Uri, path), Token);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, get.StatusCode);
        Assert.Equal("POST", get.Content.Headers.Allow.Single());
        Assert.Equal(400, await PostAsync([], contentType: null, path: path));
        Assert.Equal(415, await PostAsync([], contentType: "application/x-protobuf; charset=utf-8", path: path));
        Assert.Equal(415, await PostAsync([], contentType: "Application/X-Protobuf", path: path));
        Assert.Equal(400, await PostAsync([0xFF, 0xFF], path: path));
    }

    [Fact]
    public async Task Call_WithoutTypeFieldsOrFramework_IsRefused()
    {
        Assert.Equal(400, await PostAsync(new Call()));
        Assert.Equal(400, await PostAsync(new Call { Type = Call.Types.Type.Unknown }));
        Assert.Equal(400, await PostAsync(new Call { Type = Call.Types.Type.Subscribe }));
        Assert.Equal(400, await PostAsync(new Call { Type = Call.Types.Type.Revive }));
        Assert.Equal(400, await PostAsync(new Call { Type = Call.Types.Type.Kill, FrameworkId = Id("f"), Kill = new() }));
        Assert.Equal(400, await PostAsync(new Call { Type = Call.Types.Type.Reconcile, FrameworkId = Id("f") }));
        Assert.Equal(400, await PostAsync(new Call
        {
            Type = Call.Types.Type.Acknowledge,
            FrameworkId = Id("f"),
            Acknowledge = new() { AgentId = new AgentID { Value = "a" }, TaskId = new TaskID { Value = "t" }, Uuid = ByteString.CopyFrom(new byte[16]) },
        }));
        Assert.Equal(400, await PostAsync(new Call { Type = Call.Types.Type.Subscribe, FrameworkId = Id("f"), Subscribe = new() { FrameworkInfo = TestScheduler.Info() } }));
    }

    [Fact]
    public async Task Subscribe_StreamIdOrForeignAccept_IsRefused()
    {
        var subscribe = new Call { Type = Call.Types.Type.Subscribe, Subscribe = new() { FrameworkInfo = TestScheduler.Info() } };
        Assert.Equal(406, await PostAsync(subscribe, accept: "text/plain"));
        Assert.Equal(400, await PostAsync(subscribe, streamId: "s"));
    }

    [Fact]
    public async Task Call_ByState_IsRefusedInOrder()
    {
        Assert.Equal(400, await PostAsync(Revive("nobody"), streamId: "s"));
        var scheduler = _cluster.NewScheduler();
        var id = (await scheduler.SubscribedAsync()).FrameworkId.Value;
        Assert.Equal(400, await PostAsync(Revive(id)));
        Assert.Equal(400, await PostAsync(Revive(id), streamId: "stale"));
        await scheduler.DisposeAsync();
        await TestCluster.UntilAsync(async () => await PostAsync(Revive(id), streamId: "stale") == 403, "the framework's disconnection");
    }

    [Fact]
    public async Task Subscribe_Refused_Is200WithErrorAndEnd()
    {
        var info = TestScheduler.Info();
        info.Roles.Add("a/../b");
        using var response = await SendAsync(new Call { Type = Call.Types.Type.Subscribe, Subscribe = new() { FrameworkInfo = info } }.ToByteArray());
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.True(response.Headers.Contains("Mesos-Stream-Id"));
        Assert.Equal(Protobuf, response.Content.Headers.ContentType!.ToString());
        var events = new List<Event>();
        await foreach (var e in RecordIO.ReadAsync(await response.Content.ReadAsStreamAsync(Token), Event.Parser, 1 << 20, Token))
        {
            events.Add(e);
        }

        Assert.Contains("Role 'a/../b' is invalid", Assert.Single(events).Error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/redirect")]
    [InlineData("/master/redirect")]
    public async Task Redirect_Asked_NamesTheLeaderWithoutScheme(string path)
    {
        using var response = await _http.GetAsync(new Uri(_cluster.Master.Uri, path), Token);
        Assert.Equal(HttpStatusCode.TemporaryRedirect, response.StatusCode);
        Assert.Equal($"//{_cluster.Master.Uri.Authority}", response.Headers.Location!.OriginalString);
    }

    [Fact]
    public async Task Probes_MasterAndAgent_Answer()
    {
        foreach (var server in (Uri[])[_cluster.Master.Uri, _cluster.Agent.Uri])
        {
            Assert.Empty(await _http.GetStringAsync(new Uri(server, "/health"), Token));
            Assert.Contains("\"version\":\"1.11.0\"", await _http.GetStringAsync(new Uri(server, "/version"), Token), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Credentials_Set_AreAskedOfEverybody()
    {
        var credentials = new LocalCredentials("drover", "secret");
        await using var cluster = await TestCluster.StartAsync(m => m with { Credentials = credentials }, a => a with { Credentials = credentials });
        foreach (var uri in (string[])[$"{cluster.Master.Uri}api/v1", $"{cluster.Master.Uri}api/v1/scheduler", $"{cluster.Master.Uri}link", $"{cluster.Agent.Uri}api/v1"])
        {
            using var response = await _http.PostAsync(uri, new ByteArrayContent([]), Token);
            Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
            Assert.Equal("Basic", response.Headers.WwwAuthenticate.Single().Scheme);
        }

        using var files = await _http.GetAsync(new Uri(cluster.Agent.Uri, "/files/browse?path=/"), Token);
        Assert.Equal(HttpStatusCode.Unauthorized, files.StatusCode);
        var scheduler = cluster.NewScheduler(credentials: credentials);
        var offer = await scheduler.OfferAsync();
        await scheduler.LaunchAsync(offer, TestCluster.NewTask(offer, "t"));
        await scheduler.UpdateAsync(TaskState.TaskRunning);
    }

    [Fact]
    public async Task Operator_UnknownThings_AreNamed()
    {
        using var client = new OperatorClient();
        var teardown = await Assert.ThrowsAsync<MesosException>(() => client.TeardownAsync(_cluster.Master.Uri, Id("nobody"), Token));
        Assert.Equal(HttpStatusCode.BadRequest, teardown.Status);
        var gone = await Assert.ThrowsAsync<MesosException>(() => client.MarkAgentGoneAsync(_cluster.Master.Uri, new AgentID { Value = "nobody" }, Token));
        Assert.Equal(HttpStatusCode.NotFound, gone.Status);
        Assert.Equal("1.11.0", (await client.GetVersionAsync(_cluster.Master.Uri, Token)).Version);
    }

    private static Call Revive(string framework) => new() { Type = Call.Types.Type.Revive, FrameworkId = Id(framework) };

    private static FrameworkID Id(string value) => new() { Value = value };

    private Task<int> PostAsync(Call call, string? streamId = null, string accept = Protobuf) => PostAsync(call.ToByteArray(), Protobuf, streamId, accept);

    private async Task<int> PostAsync(byte[] body, string? contentType = Protobuf, string? streamId = null, string accept = Protobuf, string path = "/api/v1/scheduler")
    {
        using var response = await SendAsync(body, contentType, streamId, accept, path);
        return (int)response.StatusCode;
    }

    private async Task<HttpResponseMessage> SendAsync(
        byte[] body, string? contentType = Protobuf, string? streamId = null, string accept = Protobuf, string path = "/api/v1/scheduler")
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(_cluster.Master.Uri, path)) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = null;
        if (contentType is not null)
        {
            request.Content.Headers.TryAddWithoutValidation("Content-Type", contentType);
        }

        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue(accept));
        if (streamId is not null)
        {
            request.Headers.Add("Mesos-Stream-Id", streamId);
        }

        return await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Token);
    }
}
