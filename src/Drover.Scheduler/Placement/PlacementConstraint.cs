using System.Globalization;
using System.Text.RegularExpressions;

namespace Drover.Scheduler.Placement;

/// <summary>Marathon's placement operators.</summary>
internal enum ConstraintOperator
{
    /// <summary>The attribute has exactly this value.</summary>
    Equals,

    /// <summary>The whole value matches this regular expression.</summary>
    Like,

    /// <summary>It does not; an agent without the attribute qualifies.</summary>
    Unlike,

    /// <summary>No two machines of an environment share a value of the attribute.</summary>
    Unique,

    /// <summary>The environment's machines are spread evenly over the values of the attribute; with a number, over at least so many.</summary>
    GroupBy,
}

/// <summary>One placement rule on an agent attribute: <c>attribute:OPERATOR[:value]</c>. <c>hostname</c> is an attribute that every agent has.</summary>
internal sealed class PlacementConstraint : IEquatable<PlacementConstraint>
{
    public const string Hostname = "hostname";

    private readonly Regex? _pattern;

    private PlacementConstraint(string attribute, ConstraintOperator op, string value, Regex? pattern)
    {
        Attribute = attribute;
        Operator = op;
        Value = value;
        _pattern = pattern;
    }

    public string Attribute { get; }

    public ConstraintOperator Operator { get; }

    public string Value { get; }

    /// <summary>Depends on where the environment's other machines are.</summary>
    public bool IsDynamic => Operator is ConstraintOperator.Unique or ConstraintOperator.GroupBy;

    /// <summary>With GROUP_BY: the number of values that must be used before one is used twice.</summary>
    public int MinimumGroups => Operator == ConstraintOperator.GroupBy && Value.Length > 0 ? int.Parse(Value, CultureInfo.InvariantCulture) : 0;

    /// <summary>Reads a rule; null and a sentence that says what is wrong when it is none.</summary>
    public static PlacementConstraint? TryParse(string text, out string? problem)
    {
        problem = null;
        var parts = text.Split(':', 3);
        if (parts.Length < 2 || parts[0].Trim().Length == 0)
        {
            problem = $"'{text}' is no constraint of the form attribute:OPERATOR[:value].";
            return null;
        }

        var attribute = parts[0].Trim();
        var value = parts.Length == 3 ? parts[2].Trim() : "";
        ConstraintOperator? op = parts[1].Trim().ToUpperInvariant() switch
        {
            "EQUALS" or "IS" or "CLUSTER" => ConstraintOperator.Equals,
            "LIKE" => ConstraintOperator.Like,
            "UNLIKE" => ConstraintOperator.Unlike,
            "UNIQUE" => ConstraintOperator.Unique,
            "GROUP_BY" => ConstraintOperator.GroupBy,
            _ => null,
        };
        problem = op switch
        {
            null => $"'{text}': the operator {parts[1]} is none of EQUALS, LIKE, UNLIKE, UNIQUE, GROUP_BY.",
            ConstraintOperator.Equals or ConstraintOperator.Like or ConstraintOperator.Unlike when value.Length == 0 => $"'{text}': a value is missing.",
            ConstraintOperator.Unique when value.Length > 0 => $"'{text}': UNIQUE takes no value.",
            ConstraintOperator.GroupBy when value.Length > 0 && !(int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var n) && n > 0) =>
                $"'{text}': GROUP_BY takes a number of groups.",
            _ => null,
        };
        if (problem is not null)
        {
            return null;
        }

        var pattern = op is ConstraintOperator.Like or ConstraintOperator.Unlike ? Pattern(value, text, out problem) : null;
        return problem is null ? new PlacementConstraint(attribute, op!.Value, value, pattern) : null;
    }

    /// <summary>A rule of our own: the attribute has this value.</summary>
    public static PlacementConstraint Of(string attribute, string value) => new(attribute, ConstraintOperator.Equals, value, null);

    /// <summary>Whether a value of the attribute (null: the agent does not have it) may be used, as far as that does not depend on other machines.</summary>
    public bool Allows(string? value) => Operator switch
    {
        ConstraintOperator.Equals => string.Equals(value, Value, StringComparison.Ordinal),
        ConstraintOperator.Like => value is not null && _pattern!.IsMatch(value),
        ConstraintOperator.Unlike => value is null || !_pattern!.IsMatch(value),
        _ => value is not null,
    };

    public bool Equals(PlacementConstraint? other) =>
        other is not null && Operator == other.Operator && Attribute == other.Attribute && Value == other.Value;

    public override bool Equals(object? obj) => Equals(obj as PlacementConstraint);

    public override int GetHashCode() => HashCode.Combine(Attribute, Operator, Value);

    public override string ToString()
    {
        var name = Operator == ConstraintOperator.GroupBy ? "GROUP_BY" : Operator.ToString().ToUpperInvariant();
        return Value.Length == 0 ? $"{Attribute}:{name}" : $"{Attribute}:{name}:{Value}";
    }

    /// <remarks>Users write these, so the engine is the one whose time is linear.</remarks>
    private static Regex? Pattern(string value, string text, out string? problem)
    {
        problem = null;
        try
        {
            return new Regex($"^(?:{value})$", RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            problem = $"'{text}': {value} is no usable regular expression.";
            return null;
        }
    }
}
