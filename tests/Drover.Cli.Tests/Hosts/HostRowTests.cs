using System.Text.Json.Nodes;
using Drover.Api.Cattle;
using Drover.Cli.Hosts;

namespace Drover.Cli.Tests.Hosts;

public sealed class HostRowTests
{
    [Theory]
    [InlineData("requested", null, "requested")]
    [InlineData("creating", "active", "creating")]
    [InlineData("active", "active", "active")]
    [InlineData("active", "reconnecting", "reconnecting")]
    [InlineData("active", null, "registering")]
    [InlineData("error", null, "error")]
    [InlineData("removing", "active", "removing")]
    [InlineData(null, "inactive", "inactive")]
    public void State_OfTheMachineUntilItIsActive_ThenOfTheHost(string? machine, string? host, string state) =>
        Assert.Equal(state, new HostRow(machine is null ? null : Resource("1ph1", "m", machine), host is null ? null : Resource("1h1", "h", host)).State);

    [Fact]
    public void Join_OneRowPerMachine_ThenHostsWithoutOne()
    {
        var tied = Resource("1h1", "b", "active");
        var byMachine = Resource("1h2", "a", "active");
        byMachine.Json["physicalHostId"] = "1ph10";
        var alone = Resource("1h3", "by-hand", "active");
        var withHost = Resource("1ph9", "b", "active");
        withHost.Json["hostId"] = "1h1";

        var rows = HostRow.Join([Resource("1ph10", "a", "active"), withHost], [alone, byMachine, tied]);

        Assert.Equal(["1ph9:1h1", "1ph10:1h2", "1h3:1h3"], rows.Select(r => $"{r.Id}:{r.Host?.Id}"));
    }

    [Fact]
    public void Json_HasMachineAndHost_AndTimeOfEachStage()
    {
        var machine = Resource("1ph7", "web-1", "active");
        machine.Json["hostId"] = "1h4";
        machine.Json["mesosConfig"] = new JsonObject { ["cpus"] = 2, ["memory"] = 2048, ["disk"] = "10GiB" };
        machine.Json["stages"] = new JsonArray(
            new JsonObject { ["stage"] = "boot", ["status"] = "done", ["startedAt"] = "2026-01-01T00:00:01Z", ["finishedAt"] = "2026-01-01T00:00:15.2Z" },
            new JsonObject { ["stage"] = "queue", ["status"] = "done", ["startedAt"] = "2026-01-01T00:00:00Z", ["finishedAt"] = "2026-01-01T00:00:00.5Z" },
            "no stage");

        var json = HostListing.ToJson(new HostRow(machine, Resource("1h4", "web-1", "active")));

        Assert.Equal(("1ph7", "1h4", "web-1", "active", "2GiB"), ((string?)json["id"], (string?)json["hostId"], (string?)json["name"], (string?)json["state"], (string?)json["memory"]));
        Assert.Equal(["queue 0.5", "boot 14.2"], json["stages"]!.AsArray().Select(s => $"{s!["stage"]} {s["seconds"]}"));
    }

    [Theory]
    [InlineData("web-1", "1ph1")]
    [InlineData("1ph2", "1ph2")]
    [InlineData("1h9", "1ph2")]
    public void Resolve_ByNameOrId(string asked, string id) => Assert.Equal(id, HostName.Resolve(asked, Rows()).Id);

    [Fact]
    public void Resolve_TypingMistake_NamesTheNearest()
    {
        var failure = Assert.Throws<CliFailure>(() => HostName.Resolve("wbe-1", Rows()));
        Assert.Equal(ExitCode.NotFound, failure.ExitCode);
        Assert.Equal("Did you mean web-1?", failure.Advice);
    }

    [Fact]
    public void Resolve_SeveralOfTheName_AsksForAnId()
    {
        var failure = Assert.Throws<CliFailure>(() => HostName.Resolve("twin", [new HostRow(Resource("1ph3", "twin", "error"), null), new HostRow(Resource("1ph4", "twin", "active"), null)]));
        Assert.Equal(ExitCode.Refused, failure.ExitCode);
        Assert.Contains("1ph3 (error), 1ph4", failure.Advice, StringComparison.Ordinal);
    }

    [Fact]
    public void Expand_Count_NumbersTheNames()
    {
        Assert.Equal(["web"], HostName.Expand("web", 1));
        Assert.Equal(["web-1", "web-2", "web-3"], HostName.Expand("web", 3));
    }

    [Theory]
    [InlineData("host", "hots", 1)]
    [InlineData("create", "crate", 1)]
    [InlineData("ls", "show", 4)]
    [InlineData("same", "same", 0)]
    public void Nearest_Distance_CountsEdits(string a, string b, int edits) => Assert.Equal(edits, Nearest.Distance(a, b));

    [Theory]
    [InlineData("a\nb\nc\n", 2, "b\nc\n")]
    [InlineData("a\nb\nc", 2, "b\nc")]
    [InlineData("a\nb\n", 5, "a\nb\n")]
    [InlineData("\n\n", 1, "\n")]
    [InlineData("", 3, "")]
    [InlineData("a\n", 0, "")]
    public void LastLines_CountsFromTheEnd(string text, int lines, string last) => Assert.Equal(last, ConsoleReader.LastLines(text, lines));

    private static List<HostRow> Rows()
    {
        var second = Resource("1ph2", "web-2", "active");
        second.Json["hostId"] = "1h9";
        return [new HostRow(Resource("1ph1", "web-1", "creating"), null), new HostRow(second, Resource("1h9", "web-2", "active"))];
    }

    private static CattleResource Resource(string id, string name, string state) => new(new JsonObject { ["id"] = id, ["name"] = name, ["state"] = state });
}
