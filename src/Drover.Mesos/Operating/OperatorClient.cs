using System.Net;
using Drover.Mesos.V1;
using Google.Protobuf;
using AgentCall = Drover.Mesos.V1.Agent.Call;
using AgentResponse = Drover.Mesos.V1.Agent.Response;
using MasterCall = Drover.Mesos.V1.Master.Call;
using MasterResponse = Drover.Mesos.V1.Master.Response;

namespace Drover.Mesos;

/// <summary>The operator API of masters and agents.</summary>
/// <remarks>Every method throws <see cref="MesosException"/> for a refusal and for no answer. A master's answers cost it work in
/// proportion to the cluster: do not poll GET_STATE or GET_AGENTS more often than every 10 s.</remarks>
public sealed class OperatorClient : IDisposable
{
    /// <summary>What READ_FILE returns at most.</summary>
    public const int MaxReadLength = 64 * 1024;

    private readonly MesosHttp _http;
    private readonly TimeSpan _timeout;

    /// <param name="authorization">Null without authentication.</param>
    /// <param name="timeout">Longest wait for one answer; null for 75 s.</param>
    public OperatorClient(MesosAuthorization? authorization = null, TimeSpan? timeout = null)
    {
        _http = MesosHttp.ForOperator(authorization);
        _timeout = timeout ?? TimeSpan.FromSeconds(75);
    }

    /// <summary>Where an agent serves its API: the address in an offer, or of the agent's own description.</summary>
    public static Uri AgentUri(Address address) => new($"http://{(address.HasIp ? address.Ip : address.Hostname)}:{address.Port}");

    /// <inheritdoc cref="AgentUri(Address)"/>
    public static Uri AgentUri(AgentInfo agent) => new($"http://{agent.Hostname}:{agent.Port}");

    /// <summary>The path of an executor's newest sandbox that does not depend on the agent's work directory.</summary>
    public static string SandboxPath(string frameworkId, string executorId, string? file = null) =>
        $"/frameworks/{frameworkId}/executors/{executorId}/runs/latest{(file is null ? "" : $"/{file}")}";

    /// <summary>Any call that answers with a response. Follows redirects to the leader.</summary>
    public Task<MasterResponse> CallMasterAsync(Uri master, MasterCall call, CancellationToken cancellationToken) =>
        CallAsync(master, call, MasterResponse.Parser, cancellationToken);

    /// <summary>Any call that answers with a response.</summary>
    public Task<AgentResponse> CallAgentAsync(Uri agent, AgentCall call, CancellationToken cancellationToken) =>
        CallAsync(agent, call, AgentResponse.Parser, cancellationToken);

    /// <summary>Every agent with its total, allocated and offered resources.</summary>
    public async Task<MasterResponse.Types.GetAgents> GetAgentsAsync(Uri master, CancellationToken cancellationToken) =>
        (await CallMasterAsync(master, new MasterCall { Type = MasterCall.Types.Type.GetAgents }, cancellationToken)).GetAgents;

    /// <summary>Tasks, executors, frameworks and agents.</summary>
    public async Task<MasterResponse.Types.GetState> GetStateAsync(Uri master, CancellationToken cancellationToken) =>
        (await CallMasterAsync(master, new MasterCall { Type = MasterCall.Types.Type.GetState }, cancellationToken)).GetState;

    public async Task<VersionInfo> GetVersionAsync(Uri master, CancellationToken cancellationToken) =>
        (await CallMasterAsync(master, new MasterCall { Type = MasterCall.Types.Type.GetVersion }, cancellationToken)).GetVersion.VersionInfo;

    /// <summary>Part of a file of an agent, at most <see cref="MaxReadLength"/> bytes, with the file's whole size. Null when there is no such file.</summary>
    public async Task<AgentResponse.Types.ReadFile?> ReadFileAsync(Uri agent, string path, long offset, int length, CancellationToken cancellationToken)
    {
        var call = new AgentCall
        {
            Type = AgentCall.Types.Type.ReadFile,
            ReadFile = new AgentCall.Types.ReadFile { Path = path, Offset = (ulong)offset, Length = (ulong)length },
        };
        try
        {
            return (await CallAgentAsync(agent, call, cancellationToken)).ReadFile;
        }
        catch (MesosException e) when (e.Status == HttpStatusCode.NotFound)
        {
            return null;
        }
    }

    /// <summary>The entries of a directory of an agent. Null when there is no such directory.</summary>
    public async Task<IReadOnlyList<V1.FileInfo>?> ListFilesAsync(Uri agent, string path, CancellationToken cancellationToken)
    {
        var call = new AgentCall { Type = AgentCall.Types.Type.ListFiles, ListFiles = new AgentCall.Types.ListFiles { Path = path } };
        try
        {
            return (await CallAgentAsync(agent, call, cancellationToken)).ListFiles.FileInfos;
        }
        catch (MesosException e) when (e.Status == HttpStatusCode.NotFound)
        {
            return null;
        }
    }

    /// <summary>Ends a framework: all its tasks are killed and its id is dead.</summary>
    public Task TeardownAsync(Uri master, FrameworkID frameworkId, CancellationToken cancellationToken) =>
        PostAsync(master, new MasterCall { Type = MasterCall.Types.Type.Teardown, Teardown = new() { FrameworkId = frameworkId } }, cancellationToken);

    /// <summary>Declares an agent gone for ever; it is refused should it come back.</summary>
    public Task MarkAgentGoneAsync(Uri master, AgentID agentId, CancellationToken cancellationToken) =>
        PostAsync(master, new MasterCall { Type = MasterCall.Types.Type.MarkAgentGone, MarkAgentGone = new() { AgentId = agentId } }, cancellationToken);

    public void Dispose() => _http.Dispose();

    private async Task<T> CallAsync<T>(Uri server, IMessage call, MessageParser<T> parser, CancellationToken cancellationToken)
        where T : IMessage<T>
    {
        var body = await PostAsync(server, call, cancellationToken);
        try
        {
            return parser.ParseFrom(body);
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new MesosException($"{server.Authority} answered with something that is no {typeof(T).Name}.", inner: e);
        }
    }

    private async Task<byte[]> PostAsync(Uri server, IMessage call, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(_timeout);
        try
        {
            for (var hop = 0; ; hop++)
            {
                var endpoint = new Uri(server, "/api/v1");
                using var response = await _http.PostAsync(endpoint, call, streamId: null, limit.Token);
                if (response.IsSuccessStatusCode)
                {
                    return await response.Content.ReadAsByteArrayAsync(limit.Token);
                }

                if (hop == 5 || MesosHttp.Redirect(endpoint, response) is not { } leader)
                {
                    var reason = await MesosHttp.ReadReasonAsync(response, limit.Token);
                    throw new MesosException($"{server.Authority} answered {(int)response.StatusCode} {reason}".TrimEnd(), response.StatusCode);
                }

                server = leader;
            }
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw new MesosException($"{server.Authority} does not answer: {e.Message}", inner: e);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new MesosException($"{server.Authority} did not answer within {_timeout.TotalSeconds:0} s.", inner: e);
        }
    }
}
