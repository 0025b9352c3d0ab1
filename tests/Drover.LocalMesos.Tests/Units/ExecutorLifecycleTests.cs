namespace Drover.LocalMesos.Tests.Units;

public sealed class ExecutorLifecycleTests
{
    [Fact]
    public void Next_EveryPair_IsDecided()
    {
        var table = new Dictionary<(ExecutorStage, ExecutorEvent), ExecutorStage>
        {
            [(ExecutorStage.Preparing, ExecutorEvent.Started)] = ExecutorStage.Registering,
            [(ExecutorStage.Preparing, ExecutorEvent.EndAsked)] = ExecutorStage.Terminating,
            [(ExecutorStage.Preparing, ExecutorEvent.Exited)] = ExecutorStage.Terminated,
            [(ExecutorStage.Registering, ExecutorEvent.Subscribed)] = ExecutorStage.Running,
            [(ExecutorStage.Registering, ExecutorEvent.EndAsked)] = ExecutorStage.Terminating,
            [(ExecutorStage.Registering, ExecutorEvent.Exited)] = ExecutorStage.Terminated,
            [(ExecutorStage.Running, ExecutorEvent.Subscribed)] = ExecutorStage.Running,
            [(ExecutorStage.Running, ExecutorEvent.EndAsked)] = ExecutorStage.Terminating,
            [(ExecutorStage.Running, ExecutorEvent.Exited)] = ExecutorStage.Terminated,
            [(ExecutorStage.Terminating, ExecutorEvent.Subscribed)] = ExecutorStage.Terminating,
            [(ExecutorStage.Terminating, ExecutorEvent.EndAsked)] = ExecutorStage.Terminating,
            [(ExecutorStage.Terminating, ExecutorEvent.Exited)] = ExecutorStage.Terminated,
        };
        foreach (var stage in Enum.GetValues<ExecutorStage>())
        {
            foreach (var happened in Enum.GetValues<ExecutorEvent>())
            {
                Assert.Equal(table.TryGetValue((stage, happened), out var next) ? next : null, ExecutorLifecycle.Next(stage, happened));
            }
        }
    }
}
