using System.Text.Json.Nodes;

namespace Drover.Cli.Doctor;

/// <summary>What one look at one thing found.</summary>
/// <param name="Check">What was looked at: <c>tools</c>, <c>image</c>, <c>machine web-1</c>.</param>
/// <param name="Detail">What was seen, in a sentence.</param>
/// <param name="Advice">What to do about it; null when nothing needs to be done.</param>
internal sealed record Finding(string Check, FindingState State, string Detail, string? Advice = null)
{
    public static Finding Ok(string check, string detail) => new(check, FindingState.Ok, detail);

    public JsonObject ToRow(int number) => new()
    {
        ["id"] = number,
        ["name"] = Check,
        ["state"] = State.ToString().ToLowerInvariant(),
        ["detail"] = Detail,
        ["advice"] = Advice,
    };
}

internal enum FindingState
{
    Ok,

    /// <summary>It works, though not as well as it could.</summary>
    Warning,

    /// <summary>It was wrong and is right now.</summary>
    Repaired,

    /// <summary>Something does not work, or is left over.</summary>
    Problem,
}
