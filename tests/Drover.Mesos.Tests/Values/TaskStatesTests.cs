namespace Drover.Mesos.Tests.Values;

public sealed class TaskStatesTests
{
    [Fact]
    public void IsTerminal_EveryState_IsDecided()
    {
        TaskState[] living =
        [
            TaskState.TaskStaging, TaskState.TaskStarting, TaskState.TaskRunning, TaskState.TaskKilling, TaskState.TaskUnreachable, TaskState.TaskUnknown,
        ];
        foreach (var state in Enum.GetValues<TaskState>())
        {
            Assert.Equal(!living.Contains(state), state.IsTerminal());
        }
    }
}
