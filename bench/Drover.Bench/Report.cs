using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Spectre.Console;

namespace Drover.Bench;

/// <summary>One figure with all its samples. The unit is <c>s</c> for seconds or <c>MB</c> for resident memory.</summary>
internal sealed record Figure(string Name, string Unit, IReadOnlyList<double> Samples)
{
    public double Median
    {
        get
        {
            var sorted = Samples.Order().ToList();
            return sorted.Count % 2 == 1 ? sorted[sorted.Count / 2] : (sorted[(sorted.Count / 2) - 1] + sorted[sorted.Count / 2]) / 2;
        }
    }
}

/// <summary>What a benchmark found, with the machine it found it on.</summary>
internal sealed record Report(IReadOnlyDictionary<string, string> Machine, IReadOnlyList<Figure> Figures)
{
    public void Print(string format, TextWriter output)
    {
        if (format == "json")
        {
            output.WriteLine(Json().ToJsonString(new JsonSerializerOptions { WriteIndented = true }));
            return;
        }

        var table = new Table().Border(TableBorder.None).AddColumn("figure").AddColumn(new TableColumn("median").RightAligned())
            .AddColumn("unit").AddColumn(new TableColumn("min").RightAligned()).AddColumn(new TableColumn("max").RightAligned()).AddColumn(new TableColumn("n").RightAligned());
        foreach (var figure in Figures)
        {
            table.AddRow(Markup.Escape(figure.Name), Text(figure.Median), figure.Unit, Text(figure.Samples.Min()), Text(figure.Samples.Max()), Text(figure.Samples.Count));
        }

        foreach (var (key, value) in Machine)
        {
            output.WriteLine($"{key}: {value}");
        }

        AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(output) }).Write(table);
    }

    private static string Text(double value) => value.ToString("0.###", CultureInfo.InvariantCulture);

    private JsonObject Json() => new()
    {
        ["machine"] = new JsonObject(Machine.Select(p => KeyValuePair.Create<string, JsonNode?>(p.Key, p.Value))),
        ["rows"] = new JsonArray([.. Figures.Select(f => new JsonObject
        {
            ["name"] = f.Name, ["median"] = Math.Round(f.Median, 4), ["unit"] = f.Unit,
            ["min"] = Math.Round(f.Samples.Min(), 4), ["max"] = Math.Round(f.Samples.Max(), 4), ["n"] = f.Samples.Count,
        })]),
    };
}
