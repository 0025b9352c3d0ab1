using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Drover.Cli.Output;

/// <summary>Prints a <see cref="Listing"/> in the asked format.</summary>
internal static class ListingWriter
{
    private static readonly JsonWriterOptions Indented = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly JsonWriterOptions Compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <param name="quiet">Only the ids, one per line.</param>
    public static void Write(Listing listing, OutputFormat format, bool quiet, CliConsole console)
    {
        var output = console.Out;
        switch (format)
        {
            case OutputFormat.Json:
                output.WriteLine(Json(new JsonArray([.. listing.Rows.Select(r => r.DeepClone())]), Indented));
                break;
            case OutputFormat.Yaml:
                YamlWriter.Write(listing.Rows, output);
                break;
            case OutputFormat.Csv:
                CsvWriter.Write(listing.Rows, listing.Fields, output);
                break;
            case OutputFormat.Table when quiet:
                foreach (var row in listing.Rows)
                {
                    output.WriteLine(TextSafety.Line(row.Text("id")));
                }

                break;
            default:
                if (listing.Rows.Count == 0 && listing.WhenEmpty is { } sentence)
                {
                    console.Error.WriteLine(sentence);
                }
                else
                {
                    TableWriter.Write(listing, output, console.OutIsTerminal && console.Colour);
                }

                break;
        }

        output.Flush();
    }

    /// <summary>One object on one line, for streams.</summary>
    public static string Line(JsonNode node) => Json(node, Compact);

    private static string Json(JsonNode node, JsonWriterOptions options)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, options))
        {
            node.WriteTo(writer);
        }

        return System.Text.Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }
}
