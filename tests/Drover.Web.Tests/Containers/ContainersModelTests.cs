using System.Text.Json.Nodes;
using Drover.Api.Cattle;
using Drover.Web.Containers;
using Drover.Web.Hosts;
using Drover.Web.Tests.Fakes;

namespace Drover.Web.Tests.Containers;

public sealed class ContainersModelTests
{
    private readonly ContainersModel _model = new();

    [Fact]
    public void Reading_EventCameMeanwhile_TheEventWins()
    {
        Read(Some.Container("1i1", "web"), Some.Container("1i2", "db"));
        var reading = _model.Begin();
        Apply(Some.Container("1i1", "web", "stopped"));
        Apply(Some.Container("1i2", "db", "removed"));
        Apply(Some.Container("1i3", "new"));

        reading.Take(Resources(Some.Container("1i1", "web"), Some.Container("1i2", "db")));
        reading.End();

        Assert.Equal("stopped", _model.Find("1i1")!.Status.Name);
        Assert.Equal(["1i1", "1i3"], _model.All.Select(v => v.Id).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Reading_InPages_WhatNoneOfThemHasIsGone()
    {
        Read(Some.Container("1i1", "web"), Some.Container("1i2", "db"), Some.Container("1i3", "old"));
        var reading = _model.Begin();
        reading.Take(Resources(Some.Container("1i1", "web")));
        Assert.Equal(3, _model.All.Count);
        reading.Take(Resources(Some.Container("1i2", "db")));
        reading.End();
        Assert.Equal(2, _model.All.Count);
        Assert.Equal(2, _model.OfHost("1h1").Count);
    }

    [Fact]
    public void Reading_NothingChanged_KeepsViewsAndListsSoThatNothingIsDrawn()
    {
        Read(Some.Container("1i1", "web"), Some.Container("1i2", "db"));
        var (view, all, host) = (_model.Find("1i1"), _model.All, _model.OfHost("1h1"));
        Read(Some.Container("1i1", "web"), Some.Container("1i2", "db"));
        Assert.Same(view, _model.Find("1i1"));
        Assert.Same(all, _model.All);
        Assert.Same(host, _model.OfHost("1h1"));
    }

    [Fact]
    public void OfHost_AChangeElsewhere_KeepsItsList()
    {
        Read(Some.Container("1i1", "web-10"), Some.Container("1i2", "web-9"), Some.Container("1i3", "db", host: "1h2"));
        var first = _model.OfHost("1h1");
        Apply(Some.Container("1i3", "db", "stopped", "1h2"));
        Assert.Same(first, _model.OfHost("1h1"));
        Assert.Equal(["web-9", "web-10"], first.Select(v => v.Name));
        Assert.Equal("stopped", Assert.Single(_model.OfHost("1h2")).Status.Name);
    }

    [Fact]
    public void All_AfterManyChanges_IsByNameAsPeopleCount()
    {
        var random = new Random(7);
        for (var i = 0; i < 2_000; i++)
        {
            var number = random.Next(200);
            Apply(Some.Container($"1i{number}", random.Next(10) == 0 ? $"renamed-{number}" : $"web-{number}", random.Next(8) == 0 ? "removed" : "running", $"1h{random.Next(3)}"));
        }

        var expected = _model.All.OrderBy(v => v.Name, HostOrder.Names).ThenBy(v => v.Id, StringComparer.Ordinal).Select(v => v.Id);
        Assert.Equal(expected, _model.All.Select(v => v.Id));
        Assert.Equal(_model.All.Count, _model.All.Select(v => v.Id).Distinct().Count());
        Assert.Equal(_model.All.Count, Enumerable.Range(0, 3).Sum(h => _model.OfHost($"1h{h}").Count));
    }

    [Theory]
    [InlineData("running", "running", "Up 2 minutes", "Running", StatusTone.Good)]
    [InlineData("running", "running", "Up 2 minutes (unhealthy)", "Unhealthy", StatusTone.Waiting)]
    [InlineData("stopped", "exited", "Exited (0) 2 minutes ago", "Stopped", StatusTone.Off)]
    [InlineData("stopped", "exited", "Exited (143) 2 minutes ago", "Stopped", StatusTone.Off)]
    [InlineData("stopped", "exited", "Exited (3) 2 minutes ago", "Exited 3", StatusTone.Failed)]
    [InlineData("stopped", "created", "Created", "Not started", StatusTone.Off)]
    [InlineData("restarting", "restarting", "Restarting (1) 3 seconds ago", "Restarts", StatusTone.Waiting)]
    [InlineData("restarting", "running", "Up 2 minutes", "Restarting", StatusTone.Working)]
    [InlineData("error", "dead", "Dead", "Failed", StatusTone.Failed)]
    public void Status_OfDockersWords_IsOneWordAndOneTone(string state, string docker, string sentence, string word, StatusTone tone)
    {
        Apply(Some.With(Some.Container("1i1", "web", state), ("dockerState", docker), ("status", sentence), ("exitCode", null), ("transitioningMessage", null)));
        var status = _model.Find("1i1")!.Status;
        Assert.Equal((word, tone), (status.Word, status.Tone));
    }

    [Fact]
    public void View_WhileItsImageIsPulled_SaysHowFar()
    {
        Apply(Some.With(Some.Container("1i1", "web", "creating"), ("transitioningMessage", "Pulling nginx:1.27: 3 of 7 layers"), ("pull", new JsonObject { ["current"] = 12, ["total"] = 40, ["layers"] = new JsonArray() })));
        var view = _model.Find("1i1")!;
        Assert.Equal((0.3, "Pulling nginx:1.27: 3 of 7 layers"), (view.Pulled, view.Detail));
    }

    private void Apply(JsonObject resource) => Assert.True(_model.Apply(new CattleResource(resource)));

    private void Read(params JsonObject[] containers)
    {
        var reading = _model.Begin();
        reading.Take(Resources(containers));
        reading.End();
    }

    private static IEnumerable<CattleResource> Resources(params JsonObject[] containers) => containers.Select(c => new CattleResource(c));
}
