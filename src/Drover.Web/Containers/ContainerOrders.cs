using System.Collections.Concurrent;
using Drover.Api.Cattle;
using Drover.Web.Live;
using Drover.Web.Session;

namespace Drover.Web.Containers;

/// <summary>Asks things of containers, of one or of many; what was refused is kept by container until it is asked again or waved away.</summary>
internal sealed class ContainerOrders(ApiSession session, ContainersFeed feed)
{
    /// <summary>Of many, so many at once: a server with hundreds of hosts does not notice, one with a single host is not flooded.</summary>
    private const int AtOnce = 8;

    private readonly ConcurrentDictionary<string, string> _refused = new(StringComparer.Ordinal);

    public string? Refused(string id) => _refused.GetValueOrDefault(id);

    public void Forget(string id) => _refused.TryRemove(id, out _);

    /// <returns>Null when the server took it, else a sentence why it did not; which also stands at the container's row.</returns>
    public async Task<string?> ActAsync(string environment, ContainerView container, ContainerVerbs verb, CancellationToken cancellationToken)
    {
        Forget(container.Id);
        try
        {
            var api = session.In(environment);
            feed.Apply(verb == ContainerVerbs.Remove
                ? await api.DeleteAsync("containers", container.Id, cancellationToken)
                : await api.ActionAsync("containers", container.Id, verb.Name(), [], cancellationToken));
            return null;
        }
        catch (CattleException e) when (e.Status == 404 && verb == ContainerVerbs.Remove)
        {
            // Somebody else was quicker: it is what was wanted.
            feed.Refresh();
            return null;
        }
        catch (CattleException e)
        {
            var sentence = $"{verb.Label()} was not done: {Refusal.Sentence(e, "change containers of it")}";
            _refused[container.Id] = sentence;
            feed.Redraw();
            return sentence;
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }

    /// <param name="progress">Hears how many are done.</param>
    /// <returns>How many were refused.</returns>
    public async Task<int> ActAsync(string environment, IReadOnlyList<ContainerView> containers, ContainerVerbs verb, Action<int> progress, CancellationToken cancellationToken)
    {
        var (done, refused) = (0, 0);
        await Parallel.ForEachAsync(containers, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken }, async (container, token) =>
        {
            if (await ActAsync(environment, container, verb, token) is not null)
            {
                Interlocked.Increment(ref refused);
            }

            progress(Interlocked.Increment(ref done));
        });
        return refused;
    }
}
