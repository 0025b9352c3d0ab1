using System.Text.Json.Nodes;
using Drover.Api.Cattle;
using Drover.Web.Containers;
using Drover.Web.Tests.Fakes;

namespace Drover.Web.Tests.Containers;

public sealed class ContainerRowsTests
{
    private static readonly HostNames Hosts = new("1a5", [Some.View(Some.Active("1ph1", "alpha", "1h1"), Some.Host("1h1", "alpha", "1ph1")), Some.View(Some.Active("1ph2", "beta", "1h2"), Some.Host("1h2", "beta", "1ph2"))]);

    private readonly List<ContainerView> _all =
    [
        View("1i3", "db", "error", "1h1", ("tier", "data")), View("1i4", "job", "stopped", "1h2"),
        View("1i2", "web-9", "running", "1h1", ("tier", "web")), View("1i1", "web-10", "running", "1h2", ("tier", "web")),
    ];

    [Fact]
    public void Rows_NoQuery_KeepTheOrderByName() => Assert.Equal(["db", "job", "web-9", "web-10"], Names(new ContainerQuery()));

    [Theory]
    [InlineData("WEB", "web-9,web-10")]
    [InlineData("tier=data", "db")]
    [InlineData("web running", "web-9,web-10")]
    [InlineData("web stopped", "")]
    [InlineData("1i4", "job")]
    public void Rows_Text_AllWordsMustOccur(string text, string names) => Assert.Equal(names, string.Join(',', Names(new ContainerQuery { Text = text })));

    [Fact]
    public void Rows_State_NarrowsButTheCountsStay()
    {
        var rows = Rows(new ContainerQuery { State = "failed" });
        Assert.Equal(["db"], rows.Shown.Select(v => v.Name));
        Assert.Equal((2, 1, 1), (rows.States["running"], rows.States["failed"], rows.States["stopped"]));
    }

    [Theory]
    [InlineData("host", false, "db,web-9,job,web-10")]
    [InlineData("host", true, "job,web-10,db,web-9")]
    [InlineData("name", true, "web-10,web-9,job,db")]
    [InlineData("state", false, "db,web-9,web-10,job")]
    public void Rows_Sort_ByColumnThenByName(string column, bool descending, string names) =>
        Assert.Equal(names, string.Join(',', Names(new ContainerQuery { Sort = column, Descending = descending })));

    [Fact]
    public void Rows_GroupByHost_HaveHeadsWithCountsAndCanBeClosed()
    {
        var rows = ContainerRows.Of(_all, new ContainerQuery { Group = ContainerQuery.ByHost }, Hosts, _ => null, new HashSet<string> { "1h2" });
        Assert.Equal(["g 1h1", "1i3", "n 1i3", "1i2", "g 1h2"], rows.Lines.Select(l => l.Key));
        Assert.Equal(("alpha", 2, "/env/1a5/hosts/1ph1"), (rows.Lines[0].Head!.Label, rows.Lines[0].Head!.Count, rows.Lines[0].Head!.Href));
        Assert.Equal(4, rows.Shown.Count);
    }

    [Fact]
    public void Rows_GroupByLabel_ThoseWithoutItComeLast()
    {
        var rows = Rows(new ContainerQuery { Group = "tier" });
        Assert.Equal(["tier=data", "tier=web", "without tier"], rows.Lines.Where(l => l.Head is not null).Select(l => l.Head!.Label));
    }

    [Fact]
    public void Rows_RefusedAndFailed_AreExplainedBelow()
    {
        var rows = ContainerRows.Of(_all, new ContainerQuery(), Hosts, id => id == "1i2" ? "Stop was not done: Docker is busy." : null, new HashSet<string>());
        Assert.Equal(["1i3", "n 1i3", "1i4", "1i2", "n 1i2", "1i1"], rows.Lines.Select(l => l.Key));
        Assert.Contains("No such image", rows.Lines[1].Note, StringComparison.Ordinal);
        Assert.Equal("Stop was not done: Docker is busy.", rows.Lines[4].Note);
    }

    [Fact]
    public void Facets_Labels_AreKeysAndTheirFewValues() =>
        Assert.Equal([("tier", 3), ("tier=data", 1), ("tier=web", 2)], ContainerRows.Labels(_all).Select(f => (f.Value, f.Count)));

    [Theory]
    [InlineData("8080:80/tcp", "8080→80", "http://10.0.2.15:8080")]
    [InlineData("127.0.0.1:8080:80/tcp", "8080→80", "http://10.0.2.15:8080")]
    [InlineData("53:53/udp", "53→53/udp", null)]
    [InlineData("443/tcp", "443", null)]
    public void Port_OfTheWire_SaysWhereItLeads(string wire, string text, string? href)
    {
        var port = PortView.Of(wire);
        Assert.Equal((text, href), (port.Text, port.Href("10.0.2.15")));
    }

    [Fact]
    public void Query_WrittenAndRead_IsTheSame()
    {
        var query = new ContainerQuery { Text = "a b&c", State = "failed", Host = "1h1", Image = "nginx:1.27", Label = "tier=web", Group = "host", Sort = "age", Descending = true };
        var address = "http://x/env/1a5/containers?" + string.Join('&', query.Write().Where(p => p.Value is not null).Select(p => $"{p.Key}={Uri.EscapeDataString((string)p.Value!)}"));
        Assert.Equal(query, ContainerQuery.Read(address));
        Assert.Equal(new ContainerQuery(), ContainerQuery.Read("http://x/env/1a5/containers?state=what&sort=ever"));
    }

    [Fact]
    public void Rows_OfTenThousand_AreQuick()
    {
        var many = Enumerable.Range(0, 10_000).Select(i => View($"1i{i}", $"web-{i}", i % 9 == 0 ? "stopped" : "running", i % 2 == 0 ? "1h1" : "1h2", ("tier", "web"))).ToList();
        ContainerRows.Of(many, new ContainerQuery { Text = "web" }, Hosts, _ => null, new HashSet<string>());
        var begun = TimeProvider.System.GetTimestamp();
        var rows = ContainerRows.Of(many, new ContainerQuery { Text = "web", Group = "host" }, Hosts, _ => null, new HashSet<string>());
        var took = TimeProvider.System.GetElapsedTime(begun);
        Assert.Equal(10_002, rows.Lines.Count);
        Assert.True(took < TimeSpan.FromSeconds(1), $"{took.TotalMilliseconds} ms");
    }

    private IEnumerable<string> Names(ContainerQuery query) => Rows(query).Shown.Select(v => v.Name);

    private ContainerRows Rows(ContainerQuery query) => ContainerRows.Of(_all, query, Hosts, _ => null, new HashSet<string>());

    private static ContainerView View(string id, string name, string state, string host, params (string Key, string Value)[] labels) =>
        ContainerView.Of(new CattleResource(Some.With(Some.Container(id, name, state, host), ("labels", new JsonObject(labels.Select(l => KeyValuePair.Create(l.Key, (JsonNode?)l.Value)))))), new Words());
}
