using System.Net;
using Drover.Mesos.V1.Executor;
using Google.Protobuf;
using Microsoft.Extensions.Time.Testing;

namespace Drover.LocalMesos.Tests;

public sealed class UpdateTests
{
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UnixEpoch.AddYears(50));

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Unacknowledged_Head_IsSentAfter10And20And40Seconds()
    {
        await using var cluster = await TestCluster.StartAsync(time: _time);
        cluster.OnExecutor = e => e.OnLaunch = (x, task) =>
        {
            x.Report(task.TaskId.Value, TaskState.TaskStarting);
            x.Report(task.TaskId.Value, TaskState.TaskRunning);
        };
        var scheduler = cluster.NewScheduler();
        var offer = await scheduler.OfferAsync();
        await scheduler.LaunchAsync(offer, TestCluster.NewTask(offer, "t"));
        var first = await scheduler.UpdateAsync(TaskState.TaskStarting);
        var began = _time.GetUtcNow();
        var seconds = new List<int>();
        for (var i = 2; i <= 4; i++)
        {
            await _time.AdvanceUntilAsync(() => scheduler.Updates.Count == i, $"repetition {i}");
            seconds.Add((int)(_time.GetUtcNow() - began).TotalSeconds);
        }

        // Exact times are the matter of StatusUpdatesTests: here time runs while requests are on their way.
        Assert.True(seconds[0] >= 9 && seconds[1] >= 29 && seconds[2] >= 69, string.Join(' ', seconds));
        Assert.All(scheduler.Updates, u => Assert.Equal((TaskState.TaskStarting, first.Uuid), (u.State, u.Uuid)));

        // A wrong acknowledgement changes nothing; the right one brings the next update at once.
        await scheduler.AcknowledgeAsync(new TaskStatus { AgentId = first.AgentId, TaskId = first.TaskId, Uuid = MesosUuid.Create() });
        await scheduler.AcknowledgeAsync(first);
        await scheduler.UpdateAsync(TaskState.TaskRunning);
    }

    [Fact]
    public async Task Status_FromExecutor_CarriesWhatTheAgentAdds()
    {
        await using var cluster = await TestCluster.StartAsync();
        var (scheduler, running) = await cluster.RunTaskAsync("t");
        Assert.Equal(TaskStatus.Types.Source.Executor, running.Source);
        Assert.Equal(Path.GetFileName(cluster.Executors["t"].Start.Sandbox), running.ContainerStatus.ContainerId.Value);
        Assert.True(running.ContainerStatus.ExecutorPid > 0);
        Assert.Equal("127.0.0.1", running.ContainerStatus.NetworkInfos.Single().IpAddresses.Single().IpAddress);
        Assert.Equal(scheduler.Id.Value, cluster.Executors["t"].Start.Environment["MESOS_FRAMEWORK_ID"]);
    }

    [Fact]
    public async Task Executor_CallsByState_AreRefusedInOrder()
    {
        await using var cluster = await TestCluster.StartAsync();
        var (scheduler, _) = await cluster.RunTaskAsync("t");
        var raw = new RawExecutor(cluster, "t");
        Assert.Equal(400, await raw.PostAsync(c => c.Type = Call.Types.Type.Unknown));
        Assert.Equal(202, await raw.PostAsync(c => (c.Type, c.ExecutorId.Value) = (Call.Types.Type.Heartbeat, "nobody")));
        Assert.Equal(400, await raw.PostAsync(c => c.FrameworkId = new FrameworkID { Value = "nobody" }));
        Assert.Equal(400, await raw.PostAsync(c => c.ExecutorId = new ExecutorID { Value = "nobody" }));
        Assert.Equal(401, await raw.PostAsync(_ => { }, token: null));
        Assert.Equal(403, await raw.PostAsync(_ => { }, token: "wrong"));
        Assert.Equal(400, await raw.PostAsync(c => c.Update.Status.ClearUuid()));
        Assert.Equal(400, await raw.PostAsync(c => c.Update.Status.Uuid = ByteString.CopyFrom(new byte[16])));
        Assert.Equal(400, await raw.PostAsync(c => c.Update.Status.Source = TaskStatus.Types.Source.Agent));
        Assert.Equal(400, await raw.PostAsync(c => c.Update.Status.State = TaskState.TaskStaging));
        Assert.Equal(400, await raw.PostAsync(c => c.Update.Status.ExecutorId = new ExecutorID { Value = "other" }));
        Assert.Single(scheduler.Updates);
        Assert.Equal(202, await raw.PostAsync(_ => { }));
        await scheduler.UpdateAsync(TaskState.TaskStarting);
    }

    [Fact]
    public async Task Update_OfAForeignAgent_IsDroppedWithoutATrace()
    {
        await using var cluster = await TestCluster.StartAsync();
        var (scheduler, _) = await cluster.RunTaskAsync("t");
        Assert.Equal(202, await new RawExecutor(cluster, "t").PostAsync(c => c.Update.Status.AgentId = new AgentID { Value = "other" }));
        cluster.Executors["t"].Report("t", TaskState.TaskKilling);
        await scheduler.UpdateAsync(TaskState.TaskKilling);
        Assert.Equal(2, scheduler.Updates.Count);
    }

    [Fact]
    public async Task Update_OfAnUnknownTask_IsForwardedAndNotAcknowledged()
    {
        await using var cluster = await TestCluster.StartAsync();
        var (scheduler, _) = await cluster.RunTaskAsync("t");
        cluster.Executors["t"].Report("stranger", TaskState.TaskRunning);
        await scheduler.AcknowledgeAsync(await scheduler.UpdateAsync(TaskState.TaskRunning, "stranger"));
        Assert.False(await cluster.Executors["t"].Connection.WaitAcknowledgedAsync(TimeSpan.FromMilliseconds(100), Token));
    }

    [Fact]
    public async Task Update_TwiceWithTheSameUuid_IsForwardedOnce()
    {
        await using var cluster = await TestCluster.StartAsync();
        var (scheduler, running) = await cluster.RunTaskAsync("t");
        Assert.Equal(202, await new RawExecutor(cluster, "t").PostAsync(c => (c.Update.Status.Uuid, c.Update.Status.State) = (running.Uuid, TaskState.TaskRunning)));
        cluster.Executors["t"].Report("t", TaskState.TaskKilling);
        await scheduler.UpdateAsync(TaskState.TaskKilling);
        Assert.Single(scheduler.Updates, u => u.State == TaskState.TaskRunning);
    }

    [Fact]
    public async Task Message_BothWays_Arrives()
    {
        await using var cluster = await TestCluster.StartAsync();
        var (scheduler, running) = await cluster.RunTaskAsync("t");
        await scheduler.SendAsync(new Mesos.V1.Scheduler.Call
        {
            Type = Mesos.V1.Scheduler.Call.Types.Type.Message,
            Message = new() { AgentId = running.AgentId, ExecutorId = running.ExecutorId, Data = ByteString.CopyFromUtf8("down") },
        });
        Assert.Equal("down", (await cluster.Executors["t"].EventAsync(Event.Types.Type.Message)).Message.Data.ToStringUtf8());
        Assert.True(await cluster.Executors["t"].Connection.SendMessageAsync(ByteString.CopyFromUtf8("up"), Token));
        Assert.Equal("up", (await scheduler.EventAsync(Mesos.V1.Scheduler.Event.Types.Type.Message)).Message.Data.ToStringUtf8());
    }

    [Fact]
    public async Task Terminal_BehindUnacknowledged_FreesItsResources()
    {
        await using var cluster = await TestCluster.StartAsync();
        var scheduler = cluster.NewScheduler();
        var offer = await scheduler.OfferAsync();
        await scheduler.LaunchAsync(offer, TestCluster.NewTask(offer, "t"));
        await scheduler.UpdateAsync(TaskState.TaskRunning);
        await scheduler.KillAsync("t");
        await scheduler.EventAsync(Mesos.V1.Scheduler.Event.Types.Type.Failure);

        // RUNNING is not acknowledged, so KILLED is not on its way yet; the agent tells the newest state with the next update.
        Assert.DoesNotContain(scheduler.Updates, u => u.State == TaskState.TaskKilled);
        await scheduler.AcknowledgeAsync(scheduler.Updates[0]);
        await scheduler.AcknowledgeAsync(await scheduler.UpdateAsync(TaskState.TaskKilled));
        await scheduler.OfferAsync();
    }

    /// <summary>Posts as an executor that is running already.</summary>
    private sealed class RawExecutor(TestCluster cluster, string executor)
    {
        private static readonly HttpClient Http = new(new SocketsHttpHandler { UseProxy = false });

        public async Task<int> PostAsync(Action<Call> change, string? token = "")
        {
            var environment = cluster.Executors[executor].Start.Environment;
            var call = new Call
            {
                Type = Call.Types.Type.Update,
                FrameworkId = new FrameworkID { Value = environment["MESOS_FRAMEWORK_ID"] },
                ExecutorId = new ExecutorID { Value = executor },
                Update = new()
                {
                    Status = new TaskStatus
                    {
                        TaskId = new TaskID { Value = executor },
                        State = TaskState.TaskStarting,
                        Uuid = MesosUuid.Create(),
                        Source = TaskStatus.Types.Source.Executor,
                    },
                },
            };
            change(call);
            using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(cluster.Agent.Uri, "/api/v1/executor")) { Content = new ByteArrayContent(call.ToByteArray()) };
            request.Content.Headers.ContentType = new("application/x-protobuf");
            if (token is not null)
            {
                request.Headers.Authorization = new("Bearer", token.Length > 0 ? token : environment["MESOS_EXECUTOR_AUTHENTICATION_TOKEN"]);
            }

            using var response = await Http.SendAsync(request, Token);
            Assert.NotEqual(HttpStatusCode.InternalServerError, response.StatusCode);
            return (int)response.StatusCode;
        }
    }
}
