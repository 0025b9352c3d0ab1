using System.Text.Json.Nodes;

namespace Drover.Cli.Output;

/// <summary>How results are printed.</summary>
internal enum OutputFormat
{
    Table,
    Json,
    Yaml,
    Csv,
}

/// <summary>What a command found: whole objects for programs, and which of their facts a person sees in a table.</summary>
/// <param name="Rows">Each has at least <c>id</c>, <c>name</c> and <c>state</c>.</param>
/// <param name="Columns">The table, left to right.</param>
/// <param name="Fields">The columns of CSV, in order: names of fields of the rows.</param>
internal sealed record Listing(IReadOnlyList<JsonObject> Rows, IReadOnlyList<Column> Columns, IReadOnlyList<string> Fields)
{
    /// <summary>Said instead of an empty table: what belongs here and the first step.</summary>
    public string? WhenEmpty { get; init; }
}

/// <summary>One column of a table.</summary>
/// <param name="Cell">The text of a row; made safe by the writer.</param>
/// <param name="Kind">How it is aligned and coloured.</param>
internal sealed record Column(string Header, Func<JsonObject, string?> Cell, ColumnKind Kind = ColumnKind.Text)
{
    public static Column Of(string header, string field, ColumnKind kind = ColumnKind.Text) => new(header, row => row.Text(field), kind);
}

internal enum ColumnKind
{
    Text,

    /// <summary>Right-aligned.</summary>
    Figure,

    /// <summary>Coloured by what the state says.</summary>
    State,
}
