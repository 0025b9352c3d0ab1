using Drover.Api.Cattle;
using Drover.Web.Containers;
using Drover.Web.Session;

namespace Drover.Web.Live;

/// <summary>The containers of the open environment: the list is read once and whenever the link turns; from then on events change single rows.</summary>
internal sealed class ContainersFeed(ApiSession session, EventLink link, TimeProvider time) : Feed<ContainersModel>(session, link, time, PollInterval)
{
    /// <summary>How often the list is read while no events arrive.</summary>
    public static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(15);

    /// <summary>How often it is read although they do.</summary>
    public static readonly TimeSpan SafetyInterval = TimeSpan.FromMinutes(5);

    public static readonly TimeSpan LongCalm = TimeSpan.FromMilliseconds(500);

    private const int Many = 1000;

    /// <summary>About what a screen shows, in the order in which it does.</summary>
    private const string Peek = "containers?removed_null=1&sort=name&limit=60";

    /// <summary>Larger pages take no less time, and more memory.</summary>
    private const string FirstPage = "containers?removed_null=1&limit=1000";

    private ContainersModel? _waited;

    /// <summary>Many rows take long to sort: they change on the page twice a second.</summary>
    protected override TimeSpan Calm => Model.Count > Many ? LongCalm : ShortCalm;

    /// <summary>Takes the answer to something that this page just did, ahead of its event.</summary>
    public void Apply(CattleResource resource)
    {
        if (Model.Apply(resource))
        {
            Raise();
        }
    }

    /// <summary>Something beside the containers, that stands at their rows, has changed.</summary>
    public void Redraw() => Raise();

    protected override async Task ReadAsync(CattleClient api, ContainersModel model, CancellationToken stop)
    {
        // Looked at before anything is awaited: a link that opens meanwhile asks for the list itself.
        var linkComes = !LinkTried && !ReferenceEquals(_waited, model);
        if (model is { Loaded: false, Count: 0 })
        {
            // Nobody waits for the other thousands to see the first.
            model.Begin().Take((await api.PageAsync(Peek, stop)).Data);
            Raise();
        }

        if (linkComes)
        {
            // The link is just being opened, and then the list is read in any case: not twice, it is long.
            _waited = model;
            return;
        }

        var reading = model.Begin();
        for (var next = FirstPage; next is not null;)
        {
            var page = await api.PageAsync(next, stop);
            reading.Take(page.Data);
            next = page.Next;
        }

        reading.End();
    }

    protected override bool Due(TimeSpan sinceRead) => State != FeedState.Live || sinceRead >= SafetyInterval;

    protected override void Take(CattleEvent change, ContainersModel model)
    {
        if (change.ResourceType is not ("container" or "instance"))
        {
            return;
        }

        if (change.Resource is not { } resource)
        {
            Refresh();
        }
        else if (model.Apply(resource))
        {
            Raise();
        }
    }
}
