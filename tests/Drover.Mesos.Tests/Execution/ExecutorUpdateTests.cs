using Drover.Mesos.Tests.Harness;
using Drover.Mesos.V1.Executor;
using Microsoft.Extensions.Time.Testing;

namespace Drover.Mesos.Tests.Execution;

public sealed class ExecutorUpdateTests : ExecutorConnectionFixture
{
    [Fact]
    public async Task Update_Given_CarriesWhatAgentsDemand()
    {
        await using var server = Agent();
        await using var connection = Connect(server.Uri);
        await NextAsync<ExecutorSignal.Subscribed>(connection);
        Assert.True(connection.Update(Status("t", TaskState.TaskRunning)));
        await UntilAsync(() => Updates.Any());
        var status = Updates.Single();
        Assert.True(MesosUuid.IsValid(status.Uuid));
        Assert.Equal(TaskStatus.Types.Source.Executor, status.Source);
        Assert.Equal("e", status.ExecutorId.Value);
        Assert.True(status.Timestamp > 1e9);
        Assert.Null(status.AgentId);
    }

    [Fact]
    public async Task Terminal_Acknowledged_EndsTheWaitAndTakesNothingMore()
    {
        await using var server = Agent(acknowledge: true);
        await using var connection = Connect(server.Uri);
        await NextAsync<ExecutorSignal.Subscribed>(connection);
        Assert.True(connection.Update(Status("t", TaskState.TaskRunning)));
        Assert.True(connection.Update(Status("t", TaskState.TaskFinished)));
        Assert.False(connection.Update(Status("t", TaskState.TaskRunning)));
        Assert.True(await connection.WaitAcknowledgedAsync(TimeSpan.FromMinutes(1), Token));
        Assert.Equal([TaskState.TaskRunning, TaskState.TaskFinished], Updates.Select(u => u.State));
    }

    [Fact]
    public async Task Terminal_NeverAcknowledged_EndsTheWaitInTime()
    {
        var time = new FakeTimeProvider();
        await using var server = Agent();
        await using var connection = Connect(server.Uri, time);
        await NextAsync<ExecutorSignal.Subscribed>(connection);
        connection.Update(Status("t", TaskState.TaskFinished));
        var wait = connection.WaitAcknowledgedAsync(TimeSpan.FromSeconds(60), Token);
        await time.AdvanceUntilAsync(TimeSpan.FromSeconds(5), () => wait.IsCompleted);
        Assert.False(await wait);

        // It was not sent again: an agent that knows the task as over would bring it to the framework once more.
        Assert.Single(Updates);
    }

    [Fact]
    public async Task Update_503AfterResubscription_IsSentAgainByItself()
    {
        var refusals = 3;
        await using var server = Agent(acknowledge: true, answer: _ => Interlocked.Decrement(ref refusals) >= 0 ? 503 : 202);
        await using var connection = Connect(server.Uri);
        await NextAsync<ExecutorSignal.Subscribed>(connection);
        connection.Update(Status("t", TaskState.TaskRunning));
        Assert.True(await connection.WaitAcknowledgedAsync(TimeSpan.FromMinutes(1), Token));
        Assert.Equal(4, Updates.Count());
        Assert.Single(Calls, c => c.Type == Call.Types.Type.Subscribe);
    }

    [Fact]
    public async Task Update_RefusedAsWrong_IsDroppedAndTheNextGoesOn()
    {
        await using var server = Agent(acknowledge: true, answer: c => c.Update.Status.TaskId.Value == "bad" ? 400 : 202);
        await using var connection = Connect(server.Uri);
        await NextAsync<ExecutorSignal.Subscribed>(connection);
        connection.Update(Status("bad", TaskState.TaskRunning));
        connection.Update(Status("good", TaskState.TaskRunning));
        Assert.True(await connection.WaitAcknowledgedAsync(TimeSpan.FromMinutes(1), Token));
        Assert.Equal(["bad", "good"], Updates.Select(u => u.TaskId.Value));
    }
}
