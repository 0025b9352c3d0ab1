using System.Collections.Concurrent;

namespace Drover.Server.Events;

/// <summary>Hands events to the subscribers of this server. Keeps nothing: what must not be lost is stored by who sends it.</summary>
internal sealed class EventHub
{
    private readonly ConcurrentDictionary<Subscription, bool> _subscriptions = new();

    /// <summary>Whether anybody listens to <paramref name="name"/> now.</summary>
    public bool HasListener(string name) => _subscriptions.Keys.Any(s => s.Wants(name));

    /// <summary>Whether anybody listens to <paramref name="name"/>, be it for one account only.</summary>
    public bool HasAnyListener(string name) => _subscriptions.Keys.Any(s => s.Wants(name) || s.Names.Any(n => n.StartsWith(name + ";", StringComparison.Ordinal) || n.Contains('*', StringComparison.Ordinal)));

    public IEnumerable<Subscription> Listeners(string name) => _subscriptions.Keys.Where(s => s.Wants(name));

    public void Add(Subscription subscription) => _subscriptions[subscription] = true;

    public void Remove(Subscription subscription) => _subscriptions.TryRemove(subscription, out _);

    public void Publish(EventMessage message)
    {
        foreach (var subscription in Listeners(message.Name))
        {
            subscription.Offer(message);
        }
    }
}
