using System.Globalization;

namespace Drover.Api;

/// <summary>An amount of memory or disk in bytes, written by people as <c>512MiB</c>, <c>2GiB</c>, <c>1.5G</c> or, bare, in MiB.</summary>
/// <remarks>A bare number means MiB because that is the unit of Mesos' <c>mem</c> and <c>disk</c>. K, M, G, T with or without <c>iB</c>/<c>B</c> are binary.</remarks>
public readonly record struct ByteSize(long Bytes) : IComparable<ByteSize>
{
    private const long KiB = 1024, MiB = KiB * 1024, GiB = MiB * 1024, TiB = GiB * 1024;

    /// <summary>Whole MiB, rounded up.</summary>
    public long Mebibytes => (Bytes + MiB - 1) / MiB;

    public static ByteSize FromMebibytes(double mebibytes) => new((long)(mebibytes * MiB));

    public static ByteSize FromGibibytes(double gibibytes) => new((long)(gibibytes * GiB));

    /// <summary>Reads a size; false for text that is no size, negative, or more than 1024 TiB.</summary>
    public static bool TryParse(string? text, out ByteSize size)
    {
        size = default;
        if (string.IsNullOrWhiteSpace(text))
        {
            return false;
        }

        var trimmed = text.Trim();
        var digits = trimmed.TakeWhile(c => char.IsAsciiDigit(c) || c == '.').Count();
        if (!double.TryParse(trimmed.AsSpan(0, digits), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
        {
            return false;
        }

        long? unit = trimmed[digits..].Trim().ToUpperInvariant() switch
        {
            "" or "M" or "MB" or "MIB" => MiB,
            "B" => 1,
            "K" or "KB" or "KIB" => KiB,
            "G" or "GB" or "GIB" => GiB,
            "T" or "TB" or "TIB" => TiB,
            _ => null,
        };
        if (unit is null || number * unit.Value > 1024d * TiB)
        {
            return false;
        }

        size = new ByteSize((long)(number * unit.Value));
        return true;
    }

    public static ByteSize Parse(string text) =>
        TryParse(text, out var size) ? size : throw new FormatException($"'{text}' is not a size such as 512MiB or 2GiB.");

    public int CompareTo(ByteSize other) => Bytes.CompareTo(other.Bytes);

    /// <summary>The shortest exact form in binary units: <c>2GiB</c>, <c>1536MiB</c>.</summary>
    public override string ToString() => Bytes switch
    {
        0 => "0B",
        _ when Bytes % TiB == 0 => $"{Bytes / TiB}TiB",
        _ when Bytes % GiB == 0 => $"{Bytes / GiB}GiB",
        _ when Bytes % MiB == 0 => $"{Bytes / MiB}MiB",
        _ when Bytes % KiB == 0 => $"{Bytes / KiB}KiB",
        _ => $"{Bytes}B",
    };

    /// <summary>For people: one decimal at most, <c>1.2 GiB</c>.</summary>
    public string ToDisplayString() => Bytes switch
    {
        >= TiB => Format(Bytes / (double)TiB, "TiB"),
        >= GiB => Format(Bytes / (double)GiB, "GiB"),
        >= MiB => Format(Bytes / (double)MiB, "MiB"),
        >= KiB => Format(Bytes / (double)KiB, "KiB"),
        _ => $"{Bytes} B",
    };

    private static string Format(double value, string unit) =>
        string.Create(CultureInfo.InvariantCulture, $"{value:0.#} {unit}");

    public static bool operator <(ByteSize left, ByteSize right) => left.Bytes < right.Bytes;

    public static bool operator >(ByteSize left, ByteSize right) => left.Bytes > right.Bytes;

    public static bool operator <=(ByteSize left, ByteSize right) => left.Bytes <= right.Bytes;

    public static bool operator >=(ByteSize left, ByteSize right) => left.Bytes >= right.Bytes;
}
