using System.Net;
using System.Text.Json.Nodes;
using Docker.DotNet;
using Docker.DotNet.Models;
using Drover.Server.Api.Output;
using Drover.Server.Api.Registry;
using Drover.Server.Api.Requests;
using Drover.Server.Audit;
using Drover.Server.Containers.Access;
using Drover.Server.Containers.Orders;
using Drover.Server.Processes;
using Drover.Server.Storage;

namespace Drover.Server.Containers;

/// <summary>Containers of the environment's hosts, as their Dockers have them (cattle-api §4).</summary>
/// <remarks>What a person asks of one that is there goes to Docker at once; how it goes on is told by Docker's events. One that is asked for anew is an order
/// (<see cref="ContainerOrders"/>), the only thing about containers that is in the database.</remarks>
internal sealed class ContainerType : TableType<ContainerRow>
{
    public const Roles Users = Roles.Restricted | Roles.Infrastructure;

    /// <summary>Seconds between the signal that asks and the one that ends.</summary>
    private const uint StopSeconds = 10;

    private readonly ContainerBoard _board;
    private readonly Inventories _inventories;
    private readonly ContainerOrders _orders;
    private readonly Dictionary<string, Doing> _doings = new(StringComparer.OrdinalIgnoreCase);

    public ContainerType(ContainerBoard board, Inventories inventories, ContainerOrders orders, StreamTokens tokens, TimeProvider time)
    {
        (_board, _inventories, _orders) = (board, inventories, orders);
        InTransaction = false;
        Access.Allow(Users, Verbs.Read | Verbs.Create | Verbs.Delete | Verbs.Act).Allow(Roles.ReadOnly, Verbs.Read | Verbs.Act).Allow(Roles.User, Verbs.Read);
        CommonFields.AddTo(this);
        Reference("hostId", "host", "h", r => r.HostId).Filter(nameof(ContainerRow.HostId));
        Reference(HostChoice.Field, "host", "h", r => r.HostId).Creatable().Says("Where to make it; without it Drover chooses.");
        Column("externalId", "string", r => r.DockerId).Filter(nameof(ContainerRow.DockerId)).Says("Docker's id.");
        Column("imageUuid", "string", r => $"docker:{r.Image}");
        Column("image", "string", r => r.Image).Filter(nameof(ContainerRow.Image));
        Column("dockerState", "string", r => r.DockerState);
        Column("status", "string", r => DockerStatus.Now(r.Status, time.GetUtcNow() - r.ToldAt)).Says("Docker's sentence, such as: Exited (3) 2 minutes ago.");
        Column("exitCode", "int", r => r.ExitCode).Says("What its main process ended with; null while it runs.");
        Column("commandLine", "string", r => r.Command);
        Column("primaryIpAddress", "string", r => r.Address);
        Column("ports", "array[string]", r => new JsonArray([.. r.Ports.Select(p => (JsonNode)p)]));
        Column("labels", "map[string]", r => new JsonObject(r.Labels.Select(l => KeyValuePair.Create(l.Key, (JsonNode?)l.Value))));
        Column("pull", "json", r => r.Pull?.DeepClone()).Says("While its image is pulled: how far, layer by layer.");
        ContainerFields.AddTo(this);
        Links.Add(new LinkRule { Name = "account", Target = "account", Id = r => r.AccountId });
        Links.Add(new LinkRule { Name = "hosts", Target = "host", Id = r => ((ContainerRow)r).HostId });
        Act("start", "starting", 202, (docker, id, token) => docker.Containers.StartContainerAsync(id, new ContainerStartParameters(), token));
        Act("stop", "stopping", 202, (docker, id, token) => docker.Containers.StopContainerAsync(id, new ContainerStopParameters { WaitBeforeKillSeconds = StopSeconds }, token));
        Act("restart", "restarting", 202, (docker, id, token) => docker.Containers.RestartContainerAsync(id, new ContainerRestartParameters { WaitBeforeKillSeconds = StopSeconds }, token));
        Act("remove", "removing", 202, RemoveAsync);
        ContainerAccess.AddTo(this, tokens, inventories);
    }

    public override bool Describes(ResourceRow row) => row is ContainerRow;

    public override Task<ResourceRow?> FindRowAsync(AppDb db, long id, CancellationToken cancellationToken) => Task.FromResult<ResourceRow?>(_board.Find(id));

    public override JsonObject Write(ResourceRow row, OutputContext context) => Write((ContainerRow)row, context);

    public override Task<ApiResult> GetAsync(ApiContext context, string id) => Task.FromResult(ApiResult.Ok(Write(Find(context, id), context.Output)));

    public override async Task<ApiResult> CreateAsync(ApiContext context, JsonObject body)
    {
        var account = await EnvironmentChoice.ForAsync(context, Name, body);
        var spec = new JsonObject();
        foreach (var (field, value) in await FieldChecks.ForCreateAsync(this, context, body))
        {
            spec[field.Name] = value;
        }

        var host = await HostChoice.ForAsync(context, account, (long?)spec[HostChoice.Field], _board, _inventories);
        var name = (string?)spec["name"] is { Length: > 0 } asked ? ContainerName.Check(asked) : ContainerName.For(ContainerFields.ImageOf(spec));
        if (_board.HasName(host.Id, name))
        {
            throw ApiError.Invalid("NotUnique", "name", $"There is a container '{name}' on the host {host.Name} already.");
        }

        var order = new ContainerOrderRow { Uuid = Guid.NewGuid().ToString(), AccountId = account, HostId = host.Id, Name = name, Spec = spec, Created = context.Now() };
        context.Db.ContainerOrders.Add(order);
        context.Audit(Name, "create", null, $"{name} from {ContainerFields.ImageOf(spec)} on {host.Name}");
        await context.Db.StoreAsync("order.stored", context.Aborted);
        _orders.Begin(order);
        return new ApiResult(201, Write(_board.Find(ContainerRow.Of(order).Id)!, context.Output with { JustCreated = true }));
    }

    /// <summary>Also while it runs: as <c>docker rm -f</c>.</summary>
    public override Task<ApiResult> DeleteAsync(ApiContext context, string id) => DoAsync(context, Find(context, id), _doings["remove"] with { Verb = "delete", Status = 200 });

    public override async Task<ApiResult> ActAsync(ApiContext context, string id, string action, JsonObject body)
    {
        var row = Find(context, id);
        var rule = Actions.FirstOrDefault(a => string.Equals(a.Name, action, StringComparison.OrdinalIgnoreCase))
            ?? throw ApiError.Invalid("InvalidAction", "action", $"{Name} has no action '{action}'.");
        if (!rule.Roles.HasFlag(context.Caller.Role))
        {
            throw ApiError.Forbidden($"Your role may not {rule.Name} this {Name}.");
        }

        if (!rule.Available(row))
        {
            throw ApiError.Invalid("ActionNotAvailable", "action", $"{Name} {row.Name} is {row.State}; '{action}' is not possible in this state.");
        }

        if (_doings.TryGetValue(rule.Name, out var doing))
        {
            return await DoAsync(context, row, doing);
        }

        var answer = await rule.Run(context, row, body);
        context.Audit(Name, rule.Name, null, row.Name!);
        await context.Db.StoreAsync("api.container", context.Aborted);
        return new ApiResult(200, answer);
    }

    public override async Task<ApiResult> LinkAsync(ApiContext context, string id, string link)
    {
        var row = Find(context, id);
        var rule = Links.FirstOrDefault(l => string.Equals(l.Name, link, StringComparison.OrdinalIgnoreCase) && l.Readers.HasFlag(context.Caller.Role))
            ?? throw ApiError.NotFound($"link '{link}' of {Name}");
        return rule.Custom is not null ? await rule.Custom(context, row) : await context.FollowAsync(rule, row);
    }

    protected override IQueryable<ContainerRow> Rows(AppDb db) => _board.All.AsQueryable();

    protected override IQueryable<ContainerRow> Scope(ApiContext context, IQueryable<ContainerRow> rows) =>
        context.Caller.SeesAll ? rows : rows.Where(x => x.AccountId == context.Caller.AccountId);

    protected override IQueryable<ContainerRow> HideRemoved(IQueryable<ContainerRow> rows, DateTimeOffset since) => rows.Where(x => x.Removed == null);

    protected override JsonObject Write(ContainerRow row, OutputContext context) => ResourceWriter.Write(this, Lifecycles.Instance, row, context);

    private static Task RemoveAsync(DockerClient docker, string id, CancellationToken cancellationToken) =>
        docker.Containers.RemoveContainerAsync(id, new ContainerRemoveParameters { Force = true, RemoveVolumes = true }, cancellationToken);

    private void Act(string name, string during, int status, Func<DockerClient, string, CancellationToken, Task> run)
    {
        _doings[name] = new Doing(name, during, status, run);
        Actions.Add(new ActionRule { Name = name, Roles = Users, Output = "container", Available = row => Lifecycles.Instance.Start(name, row.State) is not null, Run = (_, _, _) => Task.FromResult<JsonObject?>(null) });
    }

    private ContainerRow Find(ApiContext context, string id) =>
        Api.Ids.TryParse(id, out var number) && _board.Find(number) is { } row && (context.Caller.SeesAll || row.AccountId == context.Caller.AccountId)
            ? row
            : throw ApiError.NotFound($"{Name} '{(id.Length > 64 ? id[..64] : id)}'");

    private async Task<ApiResult> DoAsync(ApiContext context, ContainerRow row, Doing doing)
    {
        try
        {
            if (!await DoToOrderAsync(row, doing, context.Aborted))
            {
                await DoByDockerAsync(row, doing, context.Aborted);
            }
        }
        catch (DockerApiException e)
        {
            throw new ApiError(409, "DockerRefused", DockerFault.Sentence(e));
        }
        catch (Exception e) when (DockerFault.IsAway(e, context.Aborted))
        {
            throw HostNotConnected(DockerFault.Away(e));
        }

        context.Audit(Name, doing.Verb, null, row.Name!);
        await context.Db.StoreAsync("api.container", context.Aborted);
        return new ApiResult(doing.Status, Write(_board.Find(row.Id) ?? row, context.Output));
    }

    /// <returns>False when the container is made already: then it is Docker's.</returns>
    private async Task<bool> DoToOrderAsync(ContainerRow row, Doing doing, CancellationToken cancellationToken) => row.IsOrdered && doing.During switch
    {
        "removing" => await _orders.RemoveAsync(row, cancellationToken),
        "starting" => await _orders.RetryAsync(row, cancellationToken),
        _ => false,
    };

    /// <summary>Shows what is going on, has Docker do it, and shows what it was if Docker refuses.</summary>
    private async Task DoByDockerAsync(ContainerRow row, Doing doing, CancellationToken cancellationToken)
    {
        var docker = _inventories.DockerOf(row.HostId) ?? throw HostNotConnected("The host of this container is not connected at present; its link returns by itself.");
        _board.Move(row, doing.During);
        try
        {
            await doing.Run(docker.Client, row.DockerId, cancellationToken);
        }
        catch (DockerApiException e) when (e.StatusCode == HttpStatusCode.NotFound)
        {
            _board.Remove(row.HostId, row.DockerId);
            throw ApiError.NotFound($"{Name} '{row.Name}'");
        }
        catch
        {
            _board.Move(row, row.State);
            throw;
        }
    }

    private static ApiError HostNotConnected(string reason) => new(503, "HostNotConnected", reason);

    /// <param name="Verb">As the audit names it.</param>
    /// <param name="During">The state meanwhile.</param>
    /// <param name="Status">Of the answer.</param>
    private sealed record Doing(string Verb, string During, int Status, Func<DockerClient, string, CancellationToken, Task> Run);
}
