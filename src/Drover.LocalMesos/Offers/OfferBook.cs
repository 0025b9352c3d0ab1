namespace Drover.LocalMesos;

/// <summary>One agent's resources, offered to one framework in one role.</summary>
internal sealed record OutstandingOffer(string Id, string FrameworkId, string AgentId, string Role, Resources Resources)
{
    public IDisposable? Timeout { get; set; }
}

/// <summary>Offers that nobody has answered yet. An offer is used once: whatever ends it takes it out of here.</summary>
internal sealed class OfferBook
{
    private readonly Dictionary<string, OutstandingOffer> _offers = new(StringComparer.Ordinal);

    public IReadOnlyCollection<OutstandingOffer> All => _offers.Values;

    public void Add(OutstandingOffer offer) => _offers.Add(offer.Id, offer);

    public OutstandingOffer? Find(string id) => _offers.GetValueOrDefault(id);

    /// <summary>Takes an offer out. Its resources are free again.</summary>
    public OutstandingOffer? Remove(string id)
    {
        if (_offers.Remove(id, out var offer))
        {
            offer.Timeout?.Dispose();
        }

        return offer;
    }

    public IReadOnlyList<OutstandingOffer> Where(Func<OutstandingOffer, bool> match) => [.. _offers.Values.Where(match)];

    public Resources OfferedOn(string agentId) => Sum(o => o.AgentId == agentId);

    public Resources OfferedTo(string frameworkId) => Sum(o => o.FrameworkId == frameworkId);

    private Resources Sum(Func<OutstandingOffer, bool> match) =>
        _offers.Values.Where(match).Aggregate(Resources.Empty, (sum, o) => sum.Add(o.Resources));
}
