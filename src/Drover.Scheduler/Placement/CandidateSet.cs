namespace Drover.Scheduler.Placement;

/// <summary>The places that needs with the same rules may use, kept in order of preference while a batch is matched.</summary>
/// <remarks>Two levels: groups (the values of GROUP_BY attributes; one group without that rule) with the least used first, and inside a
/// group the agents with the fewest machines of ours first, then the smallest that is big enough. UNIQUE removes places as values get used.</remarks>
internal sealed class CandidateSet
{
    private readonly string _environmentId;
    private readonly IReadOnlyList<PlacementConstraint> _groupBy;
    private readonly IReadOnlyList<PlacementConstraint> _unique;
    private readonly PlacementUsage _usage;
    private readonly List<Group> _groups = [];
    private readonly FitTree _order = new();
    private readonly Dictionary<int, int> _groupOf = [];
    private readonly Dictionary<(string Attribute, string Value), List<int>> _groupsOfValue = [];

    public CandidateSet(PlacementNeed need, IEnumerable<int> eligible, IReadOnlyList<Place> places, IReadOnlyList<Amounts> free, PlacementUsage usage)
    {
        _environmentId = need.EnvironmentId;
        _groupBy = [.. need.Constraints.Where(c => c.Operator == ConstraintOperator.GroupBy)];
        _unique = [.. need.Constraints.Where(c => c.Operator == ConstraintOperator.Unique)];
        _usage = usage;
        var byKey = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var place in eligible)
        {
            // A group is numbered by the first place that the rules allow, also when that one is used up: else the order of equal groups would depend on when the set was made.
            var key = string.Join('\n', _groupBy.Select(c => places[place].Attribute(c.Attribute)));
            if (!byKey.TryGetValue(key, out var group))
            {
                byKey.Add(key, group = _groups.Count);
                AddGroup(places[place]);
            }

            if (_unique.All(c => Used(c, places[place]) == 0))
            {
                _groupOf.Add(place, group);
                _groups[group].Places.Set(place, usage.OnAgent(places[place].AgentId), free[place]);
            }
        }

        for (var group = 0; group < _groups.Count; group++)
        {
            Reorder(group);
        }
    }

    public IReadOnlyCollection<int> Places => _groupOf.Keys;

    public long Visits => _order.Visits + _groups.Sum(g => g.Places.Visits);

    public int? Find(Amounts need)
    {
        int? found = null;
        _order.First(need, group => IsOpen(_groups[group]) && (found = _groups[group].Places.First(need)) is not null);
        return found;
    }

    /// <summary>A machine was placed on this place's agent.</summary>
    public void Changed(int place, Place at, Amounts free)
    {
        var group = _groupOf[place];
        if (_groups[group].Places.Contains(place))
        {
            _groups[group].Places.Set(place, _usage.OnAgent(at.AgentId), free);
            Reorder(group);
        }
    }

    /// <summary>A machine of the environment was placed there: its values are used.</summary>
    public void Used(Place at, PlaceIndex index)
    {
        foreach (var constraint in _unique)
        {
            foreach (var place in index.OfValue(constraint.Attribute, at.Attribute(constraint.Attribute) ?? ""))
            {
                if (_groupOf.TryGetValue(place, out var group))
                {
                    _groups[group].Places.Remove(place);
                    Reorder(group);
                }
            }
        }

        foreach (var constraint in _groupBy)
        {
            foreach (var group in _groupsOfValue.GetValueOrDefault((constraint.Attribute, at.Attribute(constraint.Attribute) ?? "")) ?? [])
            {
                Reorder(group);
            }
        }
    }

    private void AddGroup(Place sample)
    {
        foreach (var constraint in _groupBy)
        {
            var key = (constraint.Attribute, sample.Attribute(constraint.Attribute) ?? "");
            (_groupsOfValue.TryGetValue(key, out var groups) ? groups : _groupsOfValue[key] = []).Add(_groups.Count);
        }

        _groups.Add(new Group(sample));
    }

    private bool IsOpen(Group group) =>
        _groupBy.All(c => _usage.UsedValues(_environmentId, c.Attribute) >= c.MinimumGroups || Used(c, group.Sample) == 0);

    private int Used(PlacementConstraint constraint, Place place) =>
        _usage.OnValue(_environmentId, constraint.Attribute, place.Attribute(constraint.Attribute) ?? "");

    private void Reorder(int group) =>
        _order.Set(group, _groupBy.Sum(c => (long)Used(c, _groups[group].Sample)), _groups[group].Places.Largest);

    /// <param name="sample">Any place of the group: they agree on the GROUP_BY attributes.</param>
    private sealed class Group(Place sample)
    {
        public Place Sample { get; } = sample;

        public FitTree Places { get; } = new();
    }
}
