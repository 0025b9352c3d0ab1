using Drover.Mesos.V1.Scheduler;
using Microsoft.Extensions.Time.Testing;

namespace Drover.LocalMesos.Tests;

public sealed class OfferTests
{
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UnixEpoch.AddYears(50));

    [Fact]
    public async Task Subscribed_Offer_IsTheWholeAgent()
    {
        await using var cluster = await StartAsync(a => a with { Attributes = AgentAttributes.Parse("rack:a;slots:4;ports:[1-5]"), Hostname = "127.0.0.1" });
        var offer = await cluster.NewScheduler().OfferAsync();
        Assert.Equal("cpus 4, disk 10000, mem 4096", Resources.Of(offer.Resources).ToString());
        Assert.Equal("vms", offer.AllocationInfo.Role);
        Assert.All(offer.Resources, r => Assert.Equal("vms", r.AllocationInfo.Role));
        Assert.Equal(["rack TEXT", "slots SCALAR", "ports RANGES"], offer.Attributes.Select(a => $"{a.Name} {a.Type}".Replace(a.Type.ToString(), a.Type.ToString().ToUpperInvariant(), StringComparison.Ordinal)));
        Assert.Equal(cluster.Agent.Uri, OperatorClient.AgentUri(offer.Url.Address));
    }

    [Fact]
    public async Task Subscribed_WithoutMultiRole_GetsTheOldForm()
    {
        await using var cluster = await StartAsync();
        var offer = await cluster.NewScheduler(new FrameworkInfo { User = "", Name = "old", FailoverTimeout = 10 }).OfferAsync();
        Assert.Null(offer.AllocationInfo);
        Assert.All(offer.Resources, r => Assert.True(r is { Role: "*", HasRole: true, AllocationInfo: null }));
    }

    [Theory]
    [InlineData(null, 4.5)]
    [InlineData(0.0, 0.0)]
    [InlineData(0.1, 0.5)]
    [InlineData(30.0, 29.5)]
    [InlineData(-1.0, 4.5)]
    public async Task Decline_Filter_WithholdsForItsTime(double? refuse, double atLeast)
    {
        await using var cluster = await StartAsync();
        var scheduler = cluster.NewScheduler();
        await scheduler.DeclineAsync(await scheduler.OfferAsync(), refuse);
        var declined = _time.GetUtcNow();
        await _time.AdvanceUntilAsync(() => scheduler.Offers.Count == 2, "the next offer", 0.25);

        // How exactly it ends is the matter of DeclineFiltersTests: here time runs while requests are on their way.
        Assert.True((_time.GetUtcNow() - declined).TotalSeconds >= atLeast);
    }

    [Fact]
    public async Task Decline_MoreBecomesFree_BreaksThroughTheFilter()
    {
        await using var cluster = await StartAsync();
        var scheduler = cluster.NewScheduler();
        var offer = await scheduler.OfferAsync();

        // The rest of an accepted offer counts as declined.
        await scheduler.AcceptAsync([offer], 3600, TestCluster.NewTask(offer, "t"));
        var running = await scheduler.UpdateAsync(TaskState.TaskRunning);
        await scheduler.AcknowledgeAsync(running);
        await _time.PassAsync(10);
        Assert.Single(scheduler.Offers);

        await scheduler.KillAsync("t");
        await _time.AdvanceUntilAsync(() => scheduler.Offers.Count > 1, "the freed resources", 0.25);
    }

    [Fact]
    public async Task Revive_Filtered_OffersAtOnce()
    {
        await using var cluster = await StartAsync();
        var scheduler = cluster.NewScheduler();
        await scheduler.DeclineAsync(await scheduler.OfferAsync(), 3600);
        await scheduler.ReviveAsync();

        // Time stands still.
        await scheduler.OfferAsync();
    }

    [Fact]
    public async Task Suppress_ThenRevive_StopsAndStartsOffersAndKeepsTheOutstanding()
    {
        await using var cluster = await StartAsync();
        var scheduler = cluster.NewScheduler();
        var offer = await scheduler.OfferAsync();
        await scheduler.SuppressAsync();
        await scheduler.LaunchAsync(offer, TestCluster.NewTask(offer, "t"));
        await scheduler.UpdateAsync(TaskState.TaskRunning);
        await _time.PassAsync(10);
        Assert.Single(scheduler.Offers);
        await scheduler.ReviveAsync();
        await scheduler.OfferAsync();
    }

    [Fact]
    public async Task Revive_ForeignRole_IsDroppedWhole()
    {
        await using var cluster = await StartAsync();
        var scheduler = cluster.NewScheduler(suppressed: "vms");
        await scheduler.SubscribedAsync();
        var call = new Call { Type = Call.Types.Type.Revive, Revive = new() };
        call.Revive.Roles.AddRange(["vms", "other"]);
        await scheduler.SendAsync(call);
        await _time.PassAsync(3);
        Assert.Empty(scheduler.Offers);
        await scheduler.ReviveAsync();
        await scheduler.OfferAsync();
    }

    [Fact]
    public async Task Offer_TimedOut_IsRescindedAndOfferedAgain()
    {
        await using var cluster = await TestCluster.StartAsync(
            m => m with { AllocationInterval = TimeSpan.FromSeconds(1), OfferTimeout = TimeSpan.FromSeconds(10) }, time: _time);
        var scheduler = cluster.NewScheduler();
        var offer = await scheduler.OfferAsync();
        var rescind = scheduler.EventAsync(Event.Types.Type.Rescind);
        await _time.AdvanceUntilAsync(() => rescind.IsCompleted, "RESCIND", 1);
        Assert.Equal(offer.Id, (await rescind).Rescind.OfferId);
        await _time.AdvanceUntilAsync(() => scheduler.Offers.Count == 2, "the next offer", 1);

        // Answered too late: nothing is launched.
        await scheduler.LaunchAsync(offer, TestCluster.NewTask(offer, "t"));
        Assert.Equal(TaskStatus.Types.Reason.InvalidOffers, (await scheduler.UpdateAsync(TaskState.TaskDropped)).Reason);
    }

    [Fact]
    public async Task AgentGoesAway_Offer_IsRescinded()
    {
        await using var cluster = await StartAsync();
        var scheduler = cluster.NewScheduler();
        var offer = await scheduler.OfferAsync();
        await cluster.KillAgentAsync();
        Assert.Equal(offer.Id, (await scheduler.EventAsync(Event.Types.Type.Rescind)).Rescind.OfferId);
    }

    [Fact]
    public async Task MinAllocatable_OfTheFramework_WithholdsSmallOffers()
    {
        await using var cluster = await StartAsync();
        var info = TestScheduler.Info();
        var quantities = new OfferFilters.Types.ResourceQuantities();
        quantities.Quantities.Add("cpus", new Value.Types.Scalar { Value = 8 });
        info.OfferFilters["vms"] = new OfferFilters { MinAllocatableResources = new OfferFilters.Types.MinAllocatableResources() };
        info.OfferFilters["vms"].MinAllocatableResources.Quantities.Add(quantities);
        var choosy = cluster.NewScheduler(info);
        await choosy.SubscribedAsync();
        await cluster.NewScheduler().OfferAsync();
        Assert.Empty(choosy.Offers);
    }

    [Fact]
    public async Task TwoFrameworks_FirstDeclines_SecondIsOffered()
    {
        await using var cluster = await StartAsync();
        var first = cluster.NewScheduler();
        var offer = await first.OfferAsync();
        var second = cluster.NewScheduler();
        await second.SubscribedAsync();
        await first.DeclineAsync(offer, 60);
        await _time.AdvanceUntilAsync(() => second.Offers.Count == 1, "the second framework's offer", 0.5);
    }

    private Task<TestCluster> StartAsync(Func<LocalAgentOptions, LocalAgentOptions>? agent = null) =>
        TestCluster.StartAsync(m => m with { AllocationInterval = TimeSpan.FromSeconds(1) }, agent, _time);
}
