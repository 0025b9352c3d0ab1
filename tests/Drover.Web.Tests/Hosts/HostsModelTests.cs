using System.Text.Json.Nodes;
using Drover.Api.Cattle;
using Drover.Web.Hosts;
using Drover.Web.Tests.Fakes;

namespace Drover.Web.Tests.Hosts;

public sealed class HostsModelTests
{
    private readonly HostsModel _model = new();

    [Fact]
    public void Replace_MachineAndItsHost_AreOne()
    {
        Replace([Some.Active("1ph1", "web-1", "1h1")], [Some.Host("1h1", "web-1", "1ph1", load: Some.Load())]);

        var view = Assert.Single(_model.Hosts);
        Assert.Equal(("1ph1", "1h1", "web-1", "Active"), (view.Key, view.HostId, view.Name, view.Status.Word));
        Assert.Equal("agent-a1", view.Placement);
        Assert.Equal(12, view.Load!.CpuPercent);
        Assert.Equal("20.10.24", view.Facts!.DockerVersion);
    }

    [Fact]
    public void Replace_HostOfNoMachine_StandsAlone()
    {
        Replace([], [Some.Host("1h7", "by-hand", machine: null)]);
        var view = Assert.Single(_model.Hosts);
        Assert.Equal(("1h7", null), (view.Key, view.MachineId));
    }

    [Fact]
    public void Apply_HostBeforeItsMachine_MergesWhenTheMachineComes()
    {
        Apply(Some.Host("1h1", "web-1", "1ph1"));
        Assert.Equal("1h1", Assert.Single(_model.Hosts).Key);

        Apply(Some.Active("1ph1", "web-1", "1h1"));

        Assert.Equal("1ph1", Assert.Single(_model.Hosts).Key);
    }

    [Fact]
    public void Apply_MachineNamesAnotherHost_TheOldHostDoesNotReplaceIt()
    {
        Replace([Some.Active("1ph1", "web-1", "1h2")], [Some.Host("1h2", "web-1", "1ph1"), Some.Host("1h1", "web-1", "1ph1", "inactive")]);
        Assert.Equal("Active", Assert.Single(_model.Hosts).Status.Word);
    }

    [Fact]
    public void Replace_EventCameWhileTheListWasRead_TheEventWins()
    {
        Replace([Some.Machine("1ph1", "web-1", "creating")], []);
        var mark = _model.Mark();
        Apply(Some.Machine("1ph1", "web-1", "removing"));
        Apply(Some.Machine("1ph2", "web-2", "creating"));

        Replace([Some.Machine("1ph1", "web-1", "creating")], [], mark);

        Assert.Equal("removing", _model.Find("1ph1")!.Status.Name);
        Assert.NotNull(_model.Find("1ph2"));
    }

    [Fact]
    public void Replace_NotListedAnyMore_IsGone()
    {
        Replace([Some.Machine("1ph1", "web-1", "creating"), Some.Machine("1ph2", "web-2", "creating")], []);
        Replace([Some.Machine("1ph2", "web-2", "creating")], []);
        Assert.Equal("web-2", Assert.Single(_model.Hosts).Name);
    }

    [Fact]
    public void Apply_MachineRemoved_TakesItsHostAlong()
    {
        Replace([Some.Active("1ph1", "web-1", "1h1")], [Some.Host("1h1", "web-1", "1ph1")]);
        Apply(Some.Machine("1ph1", "web-1", "removed"));
        Assert.Empty(_model.Hosts);
    }

    [Fact]
    public void Replace_NothingChanged_KeepsTheViewSoThatNothingIsDrawn()
    {
        Replace([Some.Active("1ph1", "web-1", "1h1")], [Some.Host("1h1", "web-1", "1ph1")]);
        var before = Assert.Single(_model.Hosts);
        Replace([Some.Active("1ph1", "web-1", "1h1")], [Some.Host("1h1", "web-1", "1ph1")]);
        Assert.Same(before, Assert.Single(_model.Hosts));
    }

    [Fact]
    public void Hosts_Order_WhatNeedsEyesComesFirstAndNamesAreCounted()
    {
        Replace(
            [Some.Active("1ph1", "web-10", "1h1"), Some.Active("1ph2", "web-2", "1h2"), Some.Failed("1ph3", "z-failed"), Some.Waiting("1ph4", "y-waits"), Some.Machine("1ph5", "x-new", "creating")],
            [Some.Host("1h1", "web-10", "1ph1"), Some.Host("1h2", "web-2", "1ph2")]);
        Assert.Equal(["z-failed", "y-waits", "x-new", "web-2", "web-10"], _model.Hosts.Select(h => h.Name));
    }

    [Fact]
    public void History_NewAndRepeatedSamples_KeepsEachOnceAndTheLastSixty()
    {
        Apply(Some.Active("1ph1", "web-1", "1h1"));
        for (var i = 0; i < LoadHistory.Length + 5; i++)
        {
            var host = Some.Host("1h1", "web-1", "1ph1", load: Some.Load(cpu: i, at: Some.Now.AddSeconds(i)));
            Apply(host);
            Apply((JsonObject)host.DeepClone());
        }

        var history = _model.History("1ph1");
        Assert.Equal(LoadHistory.Length, history.Count);
        Assert.Equal([5, LoadHistory.Length + 4], [history[0].CpuPercent, history[^1].CpuPercent]);
    }

    [Fact]
    public void Recall_OlderSamples_ComeBeforeWhatIsKnownOnceEach()
    {
        Apply(Some.Active("1ph1", "web-1", "1h1"));
        Apply(Some.Host("1h1", "web-1", "1ph1", load: Some.Load(cpu: 9, at: Some.Now)));
        _model.Recall("1ph1", [Some.Load(cpu: 7, at: Some.Now.AddSeconds(-10)), Some.Load(cpu: 8, at: Some.Now.AddSeconds(-5)), Some.Load(cpu: 9, at: Some.Now)]);
        Assert.Equal([7, 8, 9], _model.History("1ph1").Select(l => l.CpuPercent));
    }

    [Fact]
    public void Apply_FieldsOfAnotherForm_StillShowsTheHost()
    {
        Apply(Some.With(Some.Machine("1ph1", "web-1", "creating"), ("stages", new JsonArray("what?")), ("mesosConfig", new JsonObject { ["cpus"] = "many", ["memory"] = true })));
        var view = Assert.Single(_model.Hosts);
        Assert.Empty(view.Stages);
        Assert.Null(view.Spec.Memory);
    }

    [Fact]
    public void ReadyTimes_SeveralHosts_AreNearestRanks()
    {
        var times = new ReadyTimes([.. Enumerable.Range(1, 20).Select(i => Some.View(Some.With(Some.Active($"1ph{i}", "n", "1h1"), ("readySeconds", i))))]);
        Assert.Equal((10, 19), (times.P50, times.P95));
        Assert.Equal(9.6, times.Usual("boot")!.Value, 3);
        Assert.Null(new ReadyTimes([]).P50);
    }

    private void Apply(JsonObject resource) => Assert.True(_model.Apply(new CattleResource(resource)));

    private void Replace(JsonObject[] machines, JsonObject[] hosts, long? mark = null) =>
        _model.Replace(machines.Select(m => new CattleResource(m)), hosts.Select(h => new CattleResource(h)), mark ?? _model.Mark());
}
