using System.Collections.Concurrent;
using Drover.Api.Agents.Streams;

namespace Drover.Server.Agents;

/// <summary>The links that stand at this server, one per agent. A second link of the same agent takes the place of the first.</summary>
internal sealed class AgentLinks
{
    private readonly ConcurrentDictionary<long, AgentLink> _links = new();

    public int Count => _links.Count;

    /// <summary>Streams that are open over all of them.</summary>
    public int Streams => _links.Values.Sum(link => link.Streams);

    /// <summary>An agent's link carries streams from now on: agent, host.</summary>
    public Action<long, long>? Ready { get; set; }

    /// <summary>Its link is over.</summary>
    public Action<long>? Lost { get; set; }

    /// <summary>A host is gone for good, and so is what was known of it.</summary>
    public Action<long>? HostGone { get; set; }

    public void Add(AgentLink link)
    {
        AgentLink? replaced = null;
        _links.AddOrUpdate(link.AgentId!.Value, link, (_, old) => { replaced = old; return link; });
        replaced?.Replace();
    }

    /// <summary>False when another link has taken its place meanwhile: then the agent is not lost.</summary>
    public bool Remove(AgentLink link)
    {
        if (link.AgentId is not { } id || !_links.TryRemove(KeyValuePair.Create(id, link)))
        {
            return false;
        }

        Lost?.Invoke(id);
        return true;
    }

    public void Carries(long agentId, long hostId) => Ready?.Invoke(agentId, hostId);

    public bool IsUp(long agentId) => _links.ContainsKey(agentId);

    /// <summary>Opens a stream to something in the agent's guest.</summary>
    /// <exception cref="StreamResetException">It is not to be had; the message says why.</exception>
    public Task<LinkStream> OpenAsync(long agentId, StreamTarget target, CancellationToken cancellationToken) =>
        _links.TryGetValue(agentId, out var link)
            ? link.OpenAsync(target, cancellationToken)
            : throw new StreamResetException(StreamFault.Failed, "The host is not connected at present; its link returns by itself.");

    /// <summary>Tells the agent that its host is gone for good.</summary>
    public void CloseGone(long agentId)
    {
        if (_links.TryGetValue(agentId, out var link))
        {
            link.Gone();
        }
    }
}
