using Drover.Mesos.V1;
using Drover.Scheduler.Requests;
using Drover.Scheduler.Tasks;
using Reason = Drover.Mesos.V1.TaskStatus.Types.Reason;

namespace Drover.Scheduler.Tests.Tasks;

public sealed class TaskJudgeTests
{
    [Theory]
    [InlineData(TaskState.TaskFailed, null, "Ended")]
    [InlineData(TaskState.TaskFinished, null, "Ended")]
    [InlineData(TaskState.TaskFailed, Reason.Reconciliation, "Nothing")]
    [InlineData(TaskState.TaskFailed, Reason.ContainerLaunchFailed, "TryAgainLater")]
    [InlineData(TaskState.TaskFailed, Reason.ExecutorRegistrationTimeout, "TryAgainLater")]
    [InlineData(TaskState.TaskError, Reason.TaskUnauthorized, "Ended")]
    [InlineData(TaskState.TaskDropped, Reason.InvalidOffers, "TryAgain")]
    [InlineData(TaskState.TaskLost, Reason.InvalidOffers, "TryAgain")]
    [InlineData(TaskState.TaskDropped, Reason.ExecutorTerminated, "TryAgainLater")]
    [InlineData(TaskState.TaskKilled, Reason.AgentDraining, "TryAgain")]
    [InlineData(TaskState.TaskKilled, null, "TryAgainLater")]
    [InlineData(TaskState.TaskGone, Reason.Reconciliation, "TryAgain")]
    [InlineData(TaskState.TaskUnknown, Reason.Reconciliation, "TryAgain")]
    [InlineData(TaskState.TaskUnreachable, Reason.AgentRemoved, "Lost")]
    [InlineData(TaskState.TaskStaging, null, "Alive")]
    [InlineData(TaskState.TaskRunning, null, "Ready")]
    [InlineData(TaskState.TaskKilling, null, "Nothing")]
    public void Judge_LaunchThatNobodyConfirmed_MayBeTriedAgain(TaskState state, Reason? reason, string verdict) =>
        Assert.Equal(verdict, TaskJudge.Judge(RequestState.Offered, confirmed: false, state, reason).ToString());

    [Theory]
    [InlineData(TaskState.TaskUnreachable, "Lost")]
    [InlineData(TaskState.TaskUnknown, "Lost")]
    [InlineData(TaskState.TaskLost, "Lost")]
    [InlineData(TaskState.TaskGone, "Ended")]
    [InlineData(TaskState.TaskGoneByOperator, "Ended")]
    [InlineData(TaskState.TaskKilled, "Ended")]
    [InlineData(TaskState.TaskFailed, "Ended")]
    public void Judge_RunningMachine_IsNeverStartedAgain(TaskState state, string verdict) =>
        Assert.Equal(verdict, TaskJudge.Judge(RequestState.Running, confirmed: true, state, null).ToString());

    [Theory]
    [InlineData(TaskState.TaskUnknown, "Ended")]
    [InlineData(TaskState.TaskGone, "Ended")]
    [InlineData(TaskState.TaskKilled, "Ended")]
    [InlineData(TaskState.TaskDropped, "Ended")]
    [InlineData(TaskState.TaskUnreachable, "Lost")]
    public void Judge_StoppingMachine_EndsWhenTheTaskIsGoneOrUnknown(TaskState state, string verdict) =>
        Assert.Equal(verdict, TaskJudge.Judge(RequestState.Stopping, confirmed: true, state, null).ToString());

    [Fact]
    public void Judge_DuplicateIdErrorOfAConfirmedTask_IsNotBelieved() =>
        Assert.Equal(TaskVerdict.Doubtful, TaskJudge.Judge(RequestState.Running, confirmed: true, TaskState.TaskError, Reason.TaskInvalid));

    [Fact]
    public void Judge_EveryPair_HasAVerdictThatTheLifeAllows()
    {
        foreach (var state in Enum.GetValues<RequestState>().Where(RequestLifecycle.HasTask))
        {
            foreach (var taskState in Enum.GetValues<TaskState>())
            {
                var verdict = TaskJudge.Judge(state, confirmed: true, taskState, null);
                RequestEvent? e = verdict switch
                {
                    TaskVerdict.Alive => RequestEvent.Alive,
                    TaskVerdict.Ready => RequestEvent.Ready,
                    TaskVerdict.TryAgain or TaskVerdict.TryAgainLater => RequestEvent.NotStarted,
                    TaskVerdict.Ended => RequestEvent.Ended,
                    _ => null,
                };
                Assert.True(e is null || RequestLifecycle.Next(state, e.Value) is not null, $"{state} {taskState}: {verdict}");
            }
        }
    }

    [Theory]
    [InlineData(TaskState.TaskRunning, "TASK_RUNNING")]
    [InlineData(TaskState.TaskGoneByOperator, "TASK_GONE_BY_OPERATOR")]
    public void Name_State_IsMesosOwn(TaskState state, string name) => Assert.Equal(name, TaskJudge.Name(state));
}
