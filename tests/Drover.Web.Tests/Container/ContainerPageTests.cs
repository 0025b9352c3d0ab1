using System.Text.Json.Nodes;
using Drover.Web.Containers;
using Drover.Web.Container;
using Drover.Web.Tests.Fakes;
using Microsoft.AspNetCore.Components;

namespace Drover.Web.Tests.Container;

/// <summary>The page of a container and its tabs, up to what the browser's scripts do.</summary>
public sealed class ContainerPageTests : PageTest
{
    [Fact]
    public async Task Page_Running_ShowsWhatItIsAndPortsThatLead()
    {
        Cattle.PutSilently(Some.Active("1ph1", "alpha", "1h1"));
        Cattle.PutSilently(Some.Host("1h1", "alpha", "1ph1", load: Some.Load()));
        Cattle.PutSilently(Some.With(Some.Container("1i1", "web"), ("ports", new JsonArray("8080:80/tcp", "443/tcp"))));
        var page = Render("1i1");
        await UntilAsync(() => page.FindAll("[data-testid=port]").Count == 2 && page.Markup.Contains("on <a href=\"/env/1a5/hosts/1ph1?tab=containers\">alpha</a>", StringComparison.Ordinal));
        Assert.Equal("http://10.0.2.15:8080", page.Find("a[data-testid=port]").GetAttribute("href"));
        Assert.Empty(page.FindAll("[data-testid=container-start]"));
        Assert.NotEmpty(page.FindAll("[data-testid=container-stop], [data-testid=container-restart], [data-testid=container-remove]"));
    }

    [Fact]
    public async Task Page_Exited_SaysTheCodeAndOffersAStart()
    {
        Cattle.PutSilently(Some.Container("1i1", "job", "stopped", exit: 3));
        var page = Render("1i1");
        await UntilAsync(() => page.FindAll("[data-testid=container-start]").Count == 1);
        Assert.Contains("exit code <b class=\"num\">3</b>", page.Markup, StringComparison.Ordinal);

        page.Find("[data-testid=container-start]").Click();

        await UntilAsync(() => page.Find(".host-head .state").TextContent.Trim() == "Running");
    }

    [Fact]
    public async Task Page_ActionRefused_SaysWhyUnderTheButtons()
    {
        Cattle.PutSilently(Some.Container("1i1", "web"));
        Cattle.Containers.Refuse = (_, _) => "cannot stop container: it did not die";
        var page = Render("1i1");
        await UntilAsync(() => page.FindAll("[data-testid=container-stop]").Count == 1);
        page.Find("[data-testid=container-stop]").Click();
        await UntilAsync(() => page.FindAll("[data-testid=container-trouble]").Count == 1);
        Assert.Contains("did not die", page.Find("[data-testid=container-trouble]").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Page_RemovedElsewhere_SaysSo_AndUnknownNeverLoadsForEver()
    {
        Cattle.PutSilently(Some.Container("1i1", "web"));
        var page = Render("1i1");
        await UntilAsync(() => page.FindAll(".host-head").Count == 1 && Cattle.Subscribers == 1);
        Cattle.Put(Some.Container("1i1", "web", "removed"));
        await UntilAsync(() => page.FindAll("[data-testid=gone]").Count == 1);
        Assert.Equal("web was removed", page.Find("h1").TextContent);

        var unknown = Render("1i404");
        await UntilAsync(() => unknown.FindAll("[data-testid=gone]").Count == 1);
    }

    [Fact]
    public async Task Logs_Ticket_AsksWithTimesAndSinceTheLastLine()
    {
        Cattle.PutSilently(Some.Container("1i1", "web"));
        var script = Script("logs");
        var tab = Page.Render<LogsTab>(p => p.Add(t => t.Environment, "1a5").Add(t => t.Container, View("1i1")));
        await UntilAsync(() => script.Invocations["open"].Count == 1);

        Assert.True(tab.Instance.Runs());
        var ticket = await tab.Instance.Ticket(0, "2026-03-01T12:00:00.000000000Z", follow: true);

        Assert.Null(ticket.Problem);
        Assert.EndsWith("/v1/logs/", ticket.Url, StringComparison.Ordinal);
        var body = Cattle.Streams.Asked.Single().Body;
        Assert.Equal((true, 0, true, "2026-03-01T12:00:00.000000000Z"), ((bool)body["follow"]!, (int)body["lines"]!, (bool)body["timestamps"]!, (string?)body["since"]));
    }

    [Fact]
    public async Task Logs_TicketRefused_SaysWhyAndWhetherAgainHelps()
    {
        Cattle.PutSilently(Some.Container("1i1", "web"));
        Script("logs");
        Cattle.Containers.Refuse = (_, _) => "configured logging driver does not support reading";
        var tab = Page.Render<LogsTab>(p => p.Add(t => t.Environment, "1a5").Add(t => t.Container, View("1i1")));
        var refused = await tab.Instance.Ticket(100, "", follow: true);
        Assert.Equal(("configured logging driver does not support reading", false), (refused.Problem, refused.Again));

        await Cattle.DisposeAsync();
        var unreachable = await tab.Instance.Ticket(100, "", follow: true);
        Assert.True(unreachable.Again);
    }

    [Fact]
    public async Task Logs_StartedAgain_TellsTheScriptToGoOn()
    {
        Cattle.PutSilently(Some.Container("1i1", "web", "stopped"));
        var script = Script("logs");
        var log = script.SetupModule("open", _ => true);
        log.Mode = JSRuntimeMode.Loose;
        var tab = Page.Render<LogsTab>(p => p.Add(t => t.Environment, "1a5").Add(t => t.Container, View("1i1")));
        await UntilAsync(() => script.Invocations["open"].Count == 1);
        Cattle.PutSilently(Some.Container("1i1", "web"));

        tab.Render(p => p.Add(t => t.Container, View("1i1")));

        await UntilAsync(() => log.Invocations["resume"].Count == 1);
    }

    [Fact]
    public async Task Shell_OfARunningContainer_OpensAtOnceEndsWithAReasonAndOpensAgain()
    {
        Cattle.PutSilently(Some.Container("1i1", "web"));
        var script = Script("console");
        var tab = Page.Render<ShellTab>(p => p.Add(t => t.Environment, "1a5").Add(t => t.Container, View("1i1")));
        await UntilAsync(() => script.Invocations["shell"].Count == 1);
        var command = (JsonArray)Cattle.Streams.Asked.Single().Body["command"]!;
        Assert.Equal(["/bin/sh", "-c"], command.Take(2).Select(c => (string?)c));
        Assert.Contains("exec bash", (string?)command[2], StringComparison.Ordinal);

        await tab.InvokeAsync(tab.Instance.Opened);
        await tab.InvokeAsync(() => tab.Instance.Ended("The command has ended with exit code 3."));
        Assert.Contains("exit code 3", tab.Find("[data-testid=shell-reason]").TextContent, StringComparison.Ordinal);

        tab.Find("[data-testid=shell-choice]").Change("own");
        tab.Find("[data-testid=shell-own]").Input("redis-cli 'a b'");
        tab.Find("[data-testid=shell-open]").Click();
        await UntilAsync(() => Cattle.Streams.Asked.Count == 2);
        Assert.Equal(["redis-cli", "a b"], ((JsonArray)Cattle.Streams.Asked.Last().Body["command"]!).Select(c => (string?)c));
    }

    [Fact]
    public async Task Shell_OfAHost_OpensWithoutAChoiceOfCommands()
    {
        var script = Script("console");
        var host = Some.View(Some.Active("1ph1", "alpha", "1h1"), Some.Host("1h1", "alpha", "1ph1"));
        var tab = Page.Render<ShellTab>(p => p.Add(t => t.Environment, "1a5").Add(t => t.Host, host));
        await UntilAsync(() => script.Invocations["shell"].Count == 1);
        Assert.Equal("shell", Cattle.Streams.Asked.Single().Verb);
        Assert.Empty(tab.FindAll("[data-testid=shell-choice]"));
    }

    [Fact]
    public void Shell_OfAStoppedContainer_IsNotAskedFor()
    {
        Script("console");
        Cattle.PutSilently(Some.Container("1i1", "web", "stopped"));
        var tab = Page.Render<ShellTab>(p => p.Add(t => t.Environment, "1a5").Add(t => t.Container, View("1i1")));
        Assert.Contains("while the container runs", tab.Find("[data-testid=shell-state]").TextContent, StringComparison.Ordinal);
        Assert.Empty(Cattle.Streams.Asked);
    }

    [Fact]
    public async Task Stats_Ticket_IsThereWhileItRuns()
    {
        Script("stats");
        Cattle.PutSilently(Some.Container("1i1", "web"));
        var tab = Page.Render<StatsTab>(p => p.Add(t => t.Environment, "1a5").Add(t => t.Container, View("1i1")));
        Assert.EndsWith("/v1/containerstats/", (await tab.Instance.StatsTicket()).Url, StringComparison.Ordinal);
        Cattle.PutSilently(Some.Container("1i1", "web", "stopped"));
        tab.Render(p => p.Add(t => t.Container, View("1i1")));
        Assert.Contains("while the container runs", (await tab.Instance.StatsTicket()).Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Inspect_Filter_ShowsWhatMatchesAndWhereItIs()
    {
        Cattle.PutSilently(Some.Container("1i1", "web"));
        Cattle.Streams.Inspect = _ => (JsonObject)JsonNode.Parse("""{"State":{"Status":"running","Health":{"Log":[{"ExitCode":7}]}},"Config":{"Env":["A=1"],"Labels":{}}}""")!;
        var tab = Page.Render<InspectTab>(p => p.Add(t => t.Environment, "1a5").Add(t => t.Container, View("1i1")));
        await UntilAsync(() => tab.FindAll(".inspect-line").Count > 0);
        Assert.DoesNotContain("ExitCode", tab.Markup, StringComparison.Ordinal);

        tab.Find("[data-testid=inspect-filter]").Input("health exitcode");

        Assert.Equal(["State", "Health", "Log", "0", "ExitCode"], tab.FindAll(".inspect-line").Select(l => l.QuerySelector(".inspect-key")!.TextContent.Trim().Split(' ')[0]));
    }

    [Fact]
    public void InspectTree_Turned_OpensAndCloses()
    {
        var document = JsonNode.Parse("""{"A":{"B":{"C":1}},"D":null}""");
        Assert.Equal(["A", "A.B", "D"], Paths());
        Assert.Equal(["A", "D"], Paths("A"));
        Assert.Equal(["A", "A.B", "A.B.C", "D"], Paths("A.B"));

        IEnumerable<string> Paths(params string[] turned) => InspectTree.Lines(document, "", turned.ToHashSet()).Select(l => l.Path);
    }

    [Theory]
    [InlineData("redis-cli monitor", "redis-cli|monitor")]
    [InlineData("sh -c 'echo \"a  b\"'", "sh|-c|echo \"a  b\"")]
    [InlineData("a\\ b \"c \\\" d\" ''", "a b|c \" d|")]
    [InlineData("   ", "")]
    public void ShellCommand_Words_AreCutAsByAShell(string line, string words) => Assert.Equal(words, string.Join('|', ShellCommand.Words(line)));

    private BunitJSModuleInterop Script(string name)
    {
        var script = Page.JSInterop.SetupModule($"./_content/Drover.Web/lib/{name}.js");
        script.Mode = JSRuntimeMode.Loose;
        return script;
    }

    private ContainerView View(string id) => ContainerView.Of(new(Cattle.Find(id)!), new Words());

    private IRenderedComponent<ContainerPage> Render(string id)
    {
        Script("logs");
        Page.Services.GetRequiredService<NavigationManager>().NavigateTo($"/env/1a5/containers/{id}");
        return Page.Render<ContainerPage>(p => p.Add(c => c.Environment, "1a5").Add(c => c.Id, id));
    }
}
