namespace Drover.LocalMesos;

/// <summary>The ways in which offers end without their framework's doing.</summary>
internal sealed class OfferReturns(MasterContext master, DeclineFilters filters)
{
    /// <summary>The framework is told; no filter.</summary>
    public void RescindOn(string agentId)
    {
        foreach (var offer in master.Offers.Where(o => o.AgentId == agentId))
        {
            master.Offers.Remove(offer.Id);
            if (master.Books.Frameworks.TryGetValue(offer.FrameworkId, out var framework))
            {
                framework.Send(Events.Rescind(offer.Id));
            }
        }

        filters.ClearAgent(agentId);
    }

    /// <summary>Nobody is told: the framework's session is over, or another one of its own takes over.</summary>
    public void DiscardOf(string frameworkId)
    {
        foreach (var offer in master.Offers.Where(o => o.FrameworkId == frameworkId))
        {
            master.Offers.Remove(offer.Id);
        }

        filters.Clear(frameworkId);
    }
}
