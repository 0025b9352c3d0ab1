namespace Drover.Scheduler.Placement;

/// <summary>The places by attribute value, so that a rule is tried once per value and not once per place.</summary>
internal sealed class PlaceIndex
{
    private readonly IReadOnlyList<Place> _places;
    private readonly Dictionary<string, Dictionary<string, List<int>>> _byAttribute = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<int>> _byAgent = new(StringComparer.Ordinal);

    public PlaceIndex(IReadOnlyList<Place> places)
    {
        _places = places;
        for (var i = 0; i < places.Count; i++)
        {
            Numbers(_byAgent, places[i].AgentId).Add(i);
            foreach (var (attribute, value) in places[i].Attributes)
            {
                if (!_byAttribute.TryGetValue(attribute, out var values))
                {
                    _byAttribute.Add(attribute, values = new(StringComparer.Ordinal));
                }

                Numbers(values, value).Add(i);
            }
        }
    }

    /// <summary>Rules tried and places filtered.</summary>
    public long Comparisons { get; private set; }

    public IReadOnlyList<int> OfAgent(string agentId) => _byAgent.GetValueOrDefault(agentId) ?? [];

    public IReadOnlyList<int> OfValue(string attribute, string value) =>
        _byAttribute.TryGetValue(attribute, out var values) && values.TryGetValue(value, out var places) ? places : [];

    /// <summary>The places that satisfy every rule as far as it does not depend on other machines, in ascending order.</summary>
    public IEnumerable<int> Eligible(IReadOnlyList<PlacementConstraint> constraints)
    {
        IEnumerable<int> result = Enumerable.Range(0, _places.Count);
        var narrowest = constraints.Where(c => c.Operator != ConstraintOperator.Unlike).Select(c => new { Rule = c, Places = Matching(c) }).MinBy(c => c.Places.Count);
        if (narrowest is not null)
        {
            result = narrowest.Places;
        }

        foreach (var constraint in constraints.Where(c => !ReferenceEquals(c, narrowest?.Rule)))
        {
            var known = new Dictionary<string, bool>(StringComparer.Ordinal);
            bool? missing = null;
            result = result.Where(place =>
            {
                Comparisons++;
                if (_places[place].Attribute(constraint.Attribute) is not { } value)
                {
                    return missing ??= constraint.Allows(null);
                }

                return known.TryGetValue(value, out var allowed) ? allowed : known[value] = constraint.Allows(value);
            });
        }

        return result;
    }

    private List<int> Matching(PlacementConstraint constraint)
    {
        if (!_byAttribute.TryGetValue(constraint.Attribute, out var values))
        {
            return [];
        }

        if (constraint.Operator == ConstraintOperator.Equals)
        {
            Comparisons++;
            return values.GetValueOrDefault(constraint.Value) ?? [];
        }

        Comparisons += values.Count;
        var matching = values.Where(v => constraint.Allows(v.Key)).SelectMany(v => v.Value).ToList();
        matching.Sort();
        return matching;
    }

    private static List<int> Numbers(Dictionary<string, List<int>> map, string key)
    {
        if (!map.TryGetValue(key, out var numbers))
        {
            map.Add(key, numbers = []);
        }

        return numbers;
    }
}
