using System.Text;

namespace Drover.Cli.Output;

/// <summary>A table for people: a header, two blanks between columns, nothing else. A column that is empty in every row is left out.</summary>
internal static class TableWriter
{
    public static void Write(Listing listing, TextWriter output, bool colour)
    {
        var cells = listing.Rows.Select(row => listing.Columns.Select(c => TextSafety.Line(c.Cell(row))).ToArray()).ToList();
        var used = Enumerable.Range(0, listing.Columns.Count).Where(i => cells.Count == 0 || cells.Any(r => r[i].Length > 0)).ToList();
        var widths = used.ToDictionary(i => i, i => cells.Select(r => r[i].Length).Append(listing.Columns[i].Header.Length).Max());

        var header = listing.Columns.Select(c => c.Header).ToArray();
        output.WriteLine(Row(header, isHeader: true));
        cells.ForEach(r => output.WriteLine(Row(r, isHeader: false)));

        string Row(string[] row, bool isHeader)
        {
            var line = new StringBuilder();
            foreach (var i in used)
            {
                var kind = listing.Columns[i].Kind;
                var padding = new string(' ', widths[i] - row[i].Length);
                var text = colour && isHeader ? Ansi.Dim(row[i])
                    : colour && kind == ColumnKind.State ? Ansi.State(row[i])
                    : row[i];
                line.Append(kind == ColumnKind.Figure ? padding + text : i == used[^1] ? text : text + padding).Append("  ");
            }

            return line.ToString().TrimEnd(' ');
        }
    }
}
