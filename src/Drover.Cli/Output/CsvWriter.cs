using System.Text.Json.Nodes;

namespace Drover.Cli.Output;

/// <summary>Comma separated values as RFC 4180 has them: a header, CRLF, quotes only where needed. Objects and lists are JSON text in one cell.</summary>
internal static class CsvWriter
{
    public static void Write(IReadOnlyList<JsonObject> rows, IReadOnlyList<string> fields, TextWriter output, bool header = true)
    {
        if (header)
        {
            WriteRecord(fields, output);
        }

        foreach (var row in rows)
        {
            WriteRecord(fields.Select(f => Cell(row, f)), output);
        }
    }

    public static void WriteRecord(IEnumerable<string> cells, TextWriter output)
    {
        output.Write(string.Join(',', cells.Select(Quote)));
        output.Write("\r\n");
    }

    private static string Cell(JsonObject row, string field) => row[field] switch
    {
        null => "",
        JsonValue => row.Text(field) ?? "",
        var node => ListingWriter.Line(node),
    };

    private static string Quote(string cell) =>
        cell.AsSpan().IndexOfAny(",\"\r\n") < 0 ? cell : $"\"{cell.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
