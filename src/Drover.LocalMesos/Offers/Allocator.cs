using System.Net;
using Drover.Mesos.V1.Scheduler;

namespace Drover.LocalMesos;

/// <summary>Decides who is offered what: everything that is free on an agent goes to the first framework that may have it.</summary>
/// <remarks>
/// Runs for all agents every interval after the last run, when a framework subscribes or revives, and for one agent when it registers.
/// Released resources wait for the next run. Roles, then frameworks within a role, come in the order of their dominant share, then of their
/// number of allocations, then of their name; shares count what was offered in the same run. One OFFERS event per framework and run.
/// There are no quotas, weights or reservations here.
/// </remarks>
internal sealed class Allocator
{
    private const long MinCpus = 10, MinMem = 32_000;

    private readonly MasterContext _master;
    private readonly DeclineFilters _filters;
    private IDisposable? _next;

    public Allocator(MasterContext master, DeclineFilters filters)
    {
        _master = master;
        _filters = filters;
    }

    /// <summary>Begins the periodic runs.</summary>
    public void Start() => _next = _master.Mailbox.After(_master.Options.AllocationInterval, () =>
    {
        Run();
        Start();
    });

    public void Stop() => _next?.Dispose();

    public void Run() => Run(_master.Books.Agents.Values);

    public void Run(IEnumerable<MasterAgent> candidates)
    {
        var agents = candidates.Where(a => a is { IsConnected: true, IsConfirmed: true }).ToArray();
        Random.Shared.Shuffle(agents);
        var made = new Dictionary<MasterFramework, List<Offer>>();
        foreach (var agent in agents)
        {
            var free = agent.Total.Subtract(_master.Books.Allocated(agent)).Subtract(_master.Offers.OfferedOn(agent.Id));
            if (!free.IsEmpty && FindTaker(agent, free) is var (framework, role))
            {
                var offer = new OutstandingOffer(_master.NextOfferId(), framework.Id, agent.Id, role, free);
                _master.Offers.Add(offer);
                StartTimeout(offer, framework);
                (made.TryGetValue(framework, out var list) ? list : made[framework] = []).Add(Describe(offer, framework, agent));
            }
        }

        foreach (var (framework, offers) in made)
        {
            var message = new Event { Type = Event.Types.Type.Offers, Offers = new() };
            message.Offers.Offers_.AddRange(offers);
            framework.Send(message);
        }
    }

    /// <summary>An offer as its framework sees it.</summary>
    private static Offer Describe(OutstandingOffer offer, MasterFramework framework, MasterAgent agent)
    {
        var message = new Offer
        {
            Id = new OfferID { Value = offer.Id },
            FrameworkId = framework.Info.Id,
            AgentId = agent.Info.Id,
            Hostname = agent.Info.Hostname,
            Url = new URL { Scheme = "http", Path = "/slave(1)", Address = AddressOf(agent.Info) },
        };
        if (framework.IsMultiRole)
        {
            message.AllocationInfo = new Resource.Types.AllocationInfo { Role = offer.Role };
        }

        foreach (var resource in offer.Resources.ToMessages(framework.IsMultiRole ? offer.Role : null))
        {
            if (!framework.HasReservationRefinement)
            {
                resource.Role = "*";
            }

            message.Resources.Add(resource);
        }

        message.Attributes.AddRange(agent.Info.Attributes.Select(a => a.Clone()));
        message.ExecutorIds.AddRange(agent.Executors.Where(e => e.Key.Framework == framework.Id).Select(e => e.Value.ExecutorId));
        return message;
    }

    private static Address AddressOf(AgentInfo agent) => new()
    {
        Hostname = agent.Hostname,
        Ip = IPAddress.TryParse(agent.Hostname, out _) ? agent.Hostname : IPAddress.Loopback.ToString(),
        Port = agent.Port,
    };

    private (MasterFramework Framework, string Role)? FindTaker(MasterAgent agent, Resources free)
    {
        var total = _master.Books.Agents.Values.Where(a => a.IsConnected).Aggregate(Resources.Empty, (sum, a) => sum.Add(a.Total));
        var shares = _master.Books.Frameworks.Values
            .Where(f => f.Stream is not null)
            .SelectMany(f => f.Roles.Where(r => !f.SuppressedRoles.Contains(r)).Select(r => (Framework: f, Role: r, Share: ShareOf(f, total))))
            .ToList();
        return shares
            .OrderBy(s => shares.Where(o => o.Role == s.Role).Sum(o => o.Share))
            .ThenBy(s => s.Role, StringComparer.Ordinal)
            .ThenBy(s => s.Share)
            .ThenBy(s => s.Framework.Tasks.Count)
            .ThenBy(s => s.Framework.Id, StringComparer.Ordinal)
            .Where(s => IsAllocatable(s.Framework, s.Role, free) && !_filters.Withholds(s.Framework.Id, s.Role, agent.Id, free))
            .Select(s => ((MasterFramework, string)?)(s.Framework, s.Role))
            .FirstOrDefault();
    }

    private double ShareOf(MasterFramework framework, Resources total)
    {
        var held = _master.Books.AllocatedTo(framework.Id).Add(_master.Offers.OfferedTo(framework.Id));
        return held.Names.Select(n => total.Milli(n) is > 0 and var all ? held.Milli(n) / (double)all : 0).DefaultIfEmpty().Max();
    }

    private static bool IsAllocatable(MasterFramework framework, string role, Resources free)
    {
        if (!framework.Info.OfferFilters.TryGetValue(role, out var filter) || filter.MinAllocatableResources is not { } min)
        {
            return free.Milli("cpus") >= MinCpus || free.Milli("mem") >= MinMem;
        }

        return min.Quantities.Count == 0
            || min.Quantities.Any(set => set.Quantities.All(q => free.Milli(q.Key) >= Resources.ToMilli(q.Value.Value)));
    }

    private void StartTimeout(OutstandingOffer offer, MasterFramework framework)
    {
        if (_master.Options.OfferTimeout is { } timeout)
        {
            offer.Timeout = _master.Mailbox.After(timeout, () =>
            {
                if (_master.Offers.Remove(offer.Id) is not null)
                {
                    framework.Send(Events.Rescind(offer.Id));
                }
            });
        }
    }
}
