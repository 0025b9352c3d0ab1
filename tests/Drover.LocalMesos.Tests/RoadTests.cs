namespace Drover.LocalMesos.Tests;

public sealed class RoadTests
{
    [Fact]
    public async Task Task_LaunchedAndKilled_RunsAndEnds()
    {
        await using var cluster = await TestCluster.StartAsync();
        var (scheduler, running) = await cluster.RunTaskAsync("t1");
        Assert.True(MesosUuid.IsValid(running.Uuid));
        await scheduler.KillAsync("t1");
        var killed = await scheduler.UpdateAsync(TaskState.TaskKilled, "t1");
        await scheduler.AcknowledgeAsync(killed);
        await scheduler.EventAsync(Mesos.V1.Scheduler.Event.Types.Type.Failure);
        var again = await scheduler.OfferOfAsync(4000);
        Assert.Equal(4_096_000, Resources.Of(again.Resources).Milli("mem"));
    }
}
