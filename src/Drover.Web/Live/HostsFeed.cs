using Drover.Api.Cattle;
using Drover.Web.Hosts;
using Drover.Web.Pool;
using Drover.Web.Session;

namespace Drover.Web.Live;

/// <summary>The hosts of the open environment, and the pool.</summary>
/// <remarks>Read each <see cref="LoadInterval"/> while hosts run or events do not arrive, and each <see cref="SafetyInterval"/> in any case.</remarks>
internal sealed class HostsFeed(ApiSession session, EventLink link, TimeProvider time) : Feed<HostsModel>(session, link, time, LoadInterval)
{
    public static readonly TimeSpan LoadInterval = TimeSpan.FromSeconds(5);
    public static readonly TimeSpan SafetyInterval = TimeSpan.FromSeconds(60);

    private static readonly KeyValuePair<string, string>[] Present = [new("removed_null", "1"), new("limit", "1000")];

    private DateTimeOffset _lastLoad;

    /// <summary>Templates and spares, as they were last read: with the lists.</summary>
    public PoolView Pool { get; private set; } = PoolView.Empty;

    /// <summary>Takes the answer to something that this page just did, ahead of its event.</summary>
    public void Apply(CattleResource resource)
    {
        if (Model.Apply(resource))
        {
            Raise();
        }
    }

    protected override async Task ReadAsync(CattleClient api, HostsModel model, CancellationToken stop)
    {
        var mark = model.Mark();
        var machines = api.ListAsync("machines", Present, stop);
        var hosts = api.ListAsync("hosts", Present, stop);
        model.Replace(await machines, await hosts, mark);
        _lastLoad = Time.GetUtcNow();
        Raise();
        await ReadPoolAsync(api, stop);
    }

    /// <summary>Fresh loads by event put the next reading off.</summary>
    protected override bool Due(TimeSpan sinceRead) =>
        State != FeedState.Live
        || (Time.GetUtcNow() - _lastLoad >= LoadInterval && Model.Hosts.Any(h => h.Load is not null || h.HostId is not null))
        || sinceRead >= SafetyInterval;

    protected override void Take(CattleEvent change, HostsModel model)
    {
        if (change.ResourceType is not ("machine" or "physicalHost" or "host"))
        {
            return;
        }

        if (change.Resource is not { } resource)
        {
            Refresh();
        }
        else if (model.Apply(resource))
        {
            if (resource.Object("load") is not null)
            {
                _lastLoad = Time.GetUtcNow();
            }

            Raise();
        }
    }

    /// <summary>A server that knows of no pool does not take the hosts from the page.</summary>
    private async Task ReadPoolAsync(CattleClient api, CancellationToken stop)
    {
        try
        {
            Pool = PoolView.Of(await api.ListAsync("pools", stop));
        }
        catch (CattleException)
        {
            Pool = PoolView.Empty;
        }
    }
}
