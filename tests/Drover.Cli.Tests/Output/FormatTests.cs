using System.Text.Json.Nodes;
using Drover.Cli.Output;

namespace Drover.Cli.Tests.Output;

public sealed class FormatTests
{
    private static readonly Listing Sample = new(
        [
            new JsonObject { ["id"] = "1ph7", ["name"] = "web, \"one\"", ["state"] = "active", ["cpus"] = 2, ["labels"] = new JsonObject { ["a"] = "yes" }, ["stages"] = new JsonArray() },
            new JsonObject { ["id"] = "1ph8", ["name"] = "evil\u001b[2J\nname", ["state"] = "error", ["cpus"] = 0.5, ["labels"] = null, ["stages"] = new JsonArray(new JsonObject { ["stage"] = "boot", ["seconds"] = 1.5 }) },
        ],
        [Column.Of("NAME", "name"), Column.Of("STATE", "state", ColumnKind.State), Column.Of("CPUS", "cpus", ColumnKind.Figure), Column.Of("NEVER", "never")],
        ["id", "name", "cpus", "labels"]) { WhenEmpty = "Nothing here yet." };

    [Fact]
    public void Json_IsOneArrayOfTheRows()
    {
        var parsed = JsonNode.Parse(Written(OutputFormat.Json).Out)!.AsArray();
        Assert.Equal(2, parsed.Count);
        Assert.Equal("evil\u001b[2J\nname", (string?)parsed[1]!["name"]);
        Assert.DoesNotContain('\u001b', Written(OutputFormat.Json).Out);
    }

    [Fact]
    public void Csv_QuotesOnlyWhatMustBe_AndEndsLinesAsRfc4180Says()
    {
        var lines = Written(OutputFormat.Csv).Out.Split("\r\n");
        Assert.Equal("id,name,cpus,labels", lines[0]);
        Assert.Equal("1ph7,\"web, \"\"one\"\"\",2,\"{\"\"a\"\":\"\"yes\"\"}\"", lines[1]);
        Assert.Equal("1ph8,\"evil\u001b[2J\nname\",0.5,", lines[2]);
    }

    [Fact]
    public void Yaml_NestsAndQuotesWhatCouldBeReadOtherwise() => Assert.Equal(
        """
        - id: "1ph7"
          name: "web, \u0022one\u0022"
          state: active
          cpus: 2
          labels:
            a: "yes"
          stages: []
        - id: "1ph8"
          name: "evil\u001B[2J\nname"
          state: error
          cpus: 0.5
          labels: null
          stages:
            - stage: boot
              seconds: 1.5

        """,
        Written(OutputFormat.Yaml).Out);

    [Fact]
    public void Table_AlignsAndLeavesEmptyColumnsOut_AndStaysOneLinePerRow()
    {
        var lines = Written(OutputFormat.Table).Out.Split('\n');
        Assert.Equal("NAME              STATE   CPUS", lines[0]);
        Assert.Equal("web, \"one\"        active     2", lines[1]);
        Assert.Equal("evil\\x1b[2J name  error    0.5", lines[2]);
    }

    [Fact]
    public void Table_Quiet_PrintsIdsOnly() => Assert.Equal("1ph7\n1ph8\n", Written(OutputFormat.Table, quiet: true).Out);

    [Fact]
    public void Empty_TableSaysTheFirstStep_JsonIsAnEmptyArray()
    {
        var empty = Sample with { Rows = [] };
        var (output, error) = Written(OutputFormat.Table, listing: empty);
        Assert.Equal("", output);
        Assert.Equal("Nothing here yet.\n", error);
        Assert.Empty(JsonNode.Parse(Written(OutputFormat.Json, listing: empty).Out)!.AsArray());
        Assert.Equal("[]\n", Written(OutputFormat.Yaml, listing: empty).Out);
    }

    private static (string Out, string Error) Written(OutputFormat format, bool quiet = false, Listing? listing = null)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        ListingWriter.Write(listing ?? Sample, format, quiet, new CliConsole { Out = output, Error = error, In = TextReader.Null });
        return (output.ToString(), error.ToString());
    }
}
