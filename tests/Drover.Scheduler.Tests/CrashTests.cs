using System.Text.Json.Nodes;
using Drover.Scheduler.Tests.Fakes;

namespace Drover.Scheduler.Tests;

/// <summary>The process is killed at each stored step of create → run → remove, once launched, once out of the pool and once with
/// the only address of the range, one after the other, and started again on the same database against the cluster and the server that went on.</summary>
public sealed class CrashTests
{
    private const string Id = "1ph1";
    private const string NextId = "1ph2";

    /// <summary>The steps of one undisturbed road; more than this is never reached.</summary>
    private const int MostSteps = 400;

    private const int AtOnce = 12;

    [Theory]
    [InlineData(false, false, false)]
    [InlineData(true, false, false)]
    [InlineData(false, true, false)]
    [InlineData(false, false, true)]
    public async Task Road_KilledAtEveryStep_RunsOneTaskAnswersAndLeavesNothing(bool killTwice, bool warm, bool addressed)
    {
        var steps = 0;
        for (var first = 0; first < MostSteps; first += AtOnce)
        {
            var walks = await Task.WhenAll(Enumerable.Range(first, AtOnce).Select(step => WalkAsync(step, killTwice, warm, addressed)));
            steps += walks.Count(reached => reached);
            if (!walks[^1])
            {
                break;
            }
        }

        Assert.InRange(steps, 20, MostSteps - 1);
    }

    /// <returns>False when the road ended before the step.</returns>
    private static async Task<bool> WalkAsync(int killAt, bool killTwice, bool warm, bool addressed)
    {
        await using var scheduler = await TestScheduler.CreateAsync(options => addressed ? options with { IpCidr = "192.168.10.0/29", AddressExclude = ["192.168.10.1-192.168.10.5"] } : options);
        scheduler.Master.AddAgent("a1");
        scheduler.Master.AddAgent("a2");
        var reached = 0;
        var killed = "";
        scheduler.Reached = step =>
        {
            var n = Interlocked.Increment(ref reached) - 1;
            if (n == killAt || (killTwice && n == killAt + 3))
            {
                killed = step;
                throw new KilledException(step);
            }
        };
        if (warm)
        {
            // The way through the pool: a template, a spare on each agent, a claim, and its replacement.
            scheduler.Cattle.Warm = "1";
            scheduler.Start();
            await scheduler.UntilAsync(() => scheduler.Master.Live.Count == 2, $"two spares, killed at {killed} (step {killAt})", ReviveAsync);
        }

        else
        {
            scheduler.Start();
        }

        JsonObject? Config() => addressed ? new JsonObject { ["network"] = "bridge:br0" } : null;
        var machine = scheduler.Cattle.Create(Id, Config());

        await DriveAsync("active");
        Assert.Equal("active", machine.State);
        Assert.Single(scheduler.Master.Live, t => t.Machine == "uuid-1ph1");
        scheduler.Cattle.Warm = warm ? "0" : null;
        scheduler.Cattle.Delete(Id);
        await DriveAsync("removed");

        await scheduler.UntilAsync(() => scheduler.Master.Live.Count == 0, $"empty after {killed}", ReviveAsync);
        Assert.Empty(scheduler.Master.Faults);
        Assert.Equal(1, scheduler.Master.MostLiveOfOneMachine);
        await scheduler.UntilAsync(() => scheduler.Status.Take() is { Tasks.Count: 0, Queue.Count: 0 }, $"nothing left in the queue after {killed}", ReviveAsync);
        if (addressed)
        {
            // The address is free again, whatever happened to the one who had it.
            machine = scheduler.Cattle.Create(NextId, Config());
            await DriveAsync("active");
            Assert.Equal("192.168.10.6/29", Assert.Single(scheduler.Master.Live).Data.Address?.Address);
        }

        return killed.Length > 0;

        async Task DriveAsync(string state)
        {
            var rounds = 0;
            await scheduler.UntilAsync(() => machine.State == state, $"{state}, killed at {killed} (step {killAt})", async () =>
            {
                await ReviveAsync();
                if (rounds++ % 40 == 0)
                {
                    await scheduler.Cattle.SendAsync(machine.Id);
                }
            });
        }

        Task ReviveAsync()
        {
            if (scheduler.IsDead)
            {
                scheduler.Start();
            }

            return Task.CompletedTask;
        }
    }
}
