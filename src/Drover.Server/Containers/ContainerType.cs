using System.Net;
using System.Text.Json.Nodes;
using Docker.DotNet;
using Docker.DotNet.Models;
using Drover.Server.Api.Output;
using Drover.Server.Api.Registry;
using Drover.Server.Api.Requests;
using Drover.Server.Audit;
using Drover.Server.Processes;
using Drover.Server.Storage;

namespace Drover.Server.Containers;

/// <summary>Containers of the environment's hosts, as their Dockers have them (cattle-api §4).</summary>
/// <remarks>Nothing is in the database. What a person asks for goes to Docker at once; how it goes on is told by Docker's events.</remarks>
internal sealed class ContainerType : TableType<ContainerRow>
{
    private const Roles Users = Roles.Restricted | Roles.Infrastructure;

    /// <summary>Seconds between the signal that asks and the one that ends.</summary>
    private const uint StopSeconds = 10;

    private readonly ContainerBoard _board;
    private readonly Inventories _inventories;

    public ContainerType(ContainerBoard board, Inventories inventories)
    {
        (_board, _inventories) = (board, inventories);
        InTransaction = false;
        Access.Allow(Users, Verbs.Read | Verbs.Delete | Verbs.Act).Allow(Roles.ReadOnly | Roles.User, Verbs.Read);
        CommonFields.AddTo(this);
        Reference("hostId", "host", "h", r => r.HostId).Filter(nameof(ContainerRow.HostId));
        Column("externalId", "string", r => r.DockerId).Filter(nameof(ContainerRow.DockerId)).Says("Docker's id.");
        Column("imageUuid", "string", r => $"docker:{r.Image}");
        Column("image", "string", r => r.Image).Filter(nameof(ContainerRow.Image));
        Column("dockerState", "string", r => r.DockerState);
        Column("status", "string", r => r.Status).Says("Docker's sentence, such as: Exited (3) 2 minutes ago.");
        Column("command", "string", r => r.Command);
        Column("primaryIpAddress", "string", r => r.Address);
        Column("ports", "array[string]", r => new JsonArray([.. r.Ports.Select(p => (JsonNode)p)]));
        Column("labels", "map[string]", r => new JsonObject(r.Labels.Select(l => KeyValuePair.Create(l.Key, (JsonNode?)l.Value))));
        Links.Add(new LinkRule { Name = "account", Target = "account", Id = r => r.AccountId });
        Links.Add(new LinkRule { Name = "hosts", Target = "host", Id = r => ((ContainerRow)r).HostId });
        Act("start", (docker, id, token) => docker.Containers.StartContainerAsync(id, new ContainerStartParameters(), token));
        Act("stop", (docker, id, token) => docker.Containers.StopContainerAsync(id, new ContainerStopParameters { WaitBeforeKillSeconds = StopSeconds }, token));
        Act("restart", (docker, id, token) => docker.Containers.RestartContainerAsync(id, new ContainerRestartParameters { WaitBeforeKillSeconds = StopSeconds }, token));
        Act("remove", RemoveAsync);
    }

    public override bool Describes(ResourceRow row) => row is ContainerRow;

    public override Task<ResourceRow?> FindRowAsync(AppDb db, long id, CancellationToken cancellationToken) => Task.FromResult<ResourceRow?>(_board.Find(id));

    public override JsonObject Write(ResourceRow row, OutputContext context) => Write((ContainerRow)row, context);

    public override Task<ApiResult> GetAsync(ApiContext context, string id) => Task.FromResult(ApiResult.Ok(Write(Find(context, id), context.Output)));

    /// <summary>Also while it runs: as <c>docker rm -f</c>.</summary>
    public override Task<ApiResult> DeleteAsync(ApiContext context, string id) => DoAsync(context, Find(context, id), "delete", "removing", RemoveAsync, 200);

    public override Task<ApiResult> ActAsync(ApiContext context, string id, string action, JsonObject body)
    {
        var row = Find(context, id);
        if (!Doings.TryGetValue(action, out var doing))
        {
            throw ApiError.Invalid("InvalidAction", "action", $"{Name} has no action '{action}'.");
        }

        if (Lifecycles.Instance.Start(action.ToLowerInvariant(), row.State) is not { } during)
        {
            throw ApiError.Invalid("ActionNotAvailable", "action", $"{Name} {row.Name} is {row.State}; '{action}' is not possible in this state.");
        }

        return DoAsync(context, row, action, during, doing, 202);
    }

    protected override IQueryable<ContainerRow> Rows(AppDb db) => _board.All.AsQueryable();

    protected override IQueryable<ContainerRow> Scope(ApiContext context, IQueryable<ContainerRow> rows) =>
        context.Caller.SeesAll ? rows : rows.Where(x => x.AccountId == context.Caller.AccountId);

    protected override IQueryable<ContainerRow> HideRemoved(IQueryable<ContainerRow> rows, DateTimeOffset since) => rows.Where(x => x.Removed == null);

    protected override JsonObject Write(ContainerRow row, OutputContext context) => ResourceWriter.Write(this, Lifecycles.Instance, row, context);

    private static Task RemoveAsync(DockerClient docker, string id, CancellationToken cancellationToken) =>
        docker.Containers.RemoveContainerAsync(id, new ContainerRemoveParameters { Force = true, RemoveVolumes = true }, cancellationToken);

    private Dictionary<string, Func<DockerClient, string, CancellationToken, Task>> Doings { get; } = new(StringComparer.OrdinalIgnoreCase);

    private void Act(string name, Func<DockerClient, string, CancellationToken, Task> run)
    {
        Doings[name] = run;
        Actions.Add(new ActionRule { Name = name, Roles = Users, Output = "container", Available = row => Lifecycles.Instance.Start(name, row.State) is not null, Run = (_, _, _) => Task.FromResult<JsonObject?>(null) });
    }

    private ContainerRow Find(ApiContext context, string id) =>
        Api.Ids.TryParse(id, out var number) && _board.Find(number) is { } row && (context.Caller.SeesAll || row.AccountId == context.Caller.AccountId)
            ? row
            : throw ApiError.NotFound($"{Name} '{(id.Length > 64 ? id[..64] : id)}'");

    /// <summary>Shows what is going on, has Docker do it, and shows what it was if Docker refuses.</summary>
    private async Task<ApiResult> DoAsync(ApiContext context, ContainerRow row, string verb, string during, Func<DockerClient, string, CancellationToken, Task> run, int status)
    {
        var docker = _inventories.DockerOf(row.HostId) ?? throw new ApiError(503, "HostNotConnected", "The host of this container is not connected at present; its link returns by itself.");
        _board.Move(row, during);
        try
        {
            await run(docker.Client, row.DockerId, context.Aborted);
        }
        catch (DockerApiException e) when (e.StatusCode == HttpStatusCode.NotFound)
        {
            _board.Remove(row.HostId, row.DockerId);
            throw ApiError.NotFound($"{Name} '{row.Name}'");
        }
        catch (DockerApiException e)
        {
            _board.Move(row, row.State);
            throw new ApiError(409, "DockerRefused", e.Message);
        }
        catch (HttpRequestException e)
        {
            _board.Move(row, row.State);
            throw new ApiError(503, "HostNotConnected", e.InnerException?.Message ?? e.Message);
        }

        context.Audit(Name, verb, null, row.Name!);
        await context.Db.StoreAsync("api.container", context.Aborted);
        return new ApiResult(status, Write(_board.Find(row.Id) ?? row, context.Output));
    }
}
