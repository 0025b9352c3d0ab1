using System.Globalization;

namespace Drover.Scheduler.Pool;

/// <summary>What the pool is to keep.</summary>
/// <param name="Warm">Spares per agent machine and size; null: as many as are asked for lately (<c>auto</c>).</param>
/// <param name="Templates">Templates are made.</param>
internal sealed record PoolSettings(int? Warm, bool Templates)
{
    /// <summary>Network of machines that name none.</summary>
    public string Network { get; init; } = "user";

    /// <summary>More is a typing error: each spare holds a machine's memory.</summary>
    public const int MostWarm = 100;

    public const string Auto = "auto";
    public const string Off = "off";

    public bool WantsSpares => Warm is null or > 0;

    /// <summary>Null when one of the words is none of <c>auto</c>, a number up to <see cref="MostWarm"/>, or <c>off</c>.</summary>
    public static PoolSettings? Parse(string? warm, string? templates)
    {
        int? number = int.TryParse(warm, NumberStyles.None, CultureInfo.InvariantCulture, out var n) && n <= MostWarm ? n : null;
        return (number is null && warm != Auto) || templates is not (Auto or Off) ? null : new PoolSettings(number, templates == Auto);
    }
}
