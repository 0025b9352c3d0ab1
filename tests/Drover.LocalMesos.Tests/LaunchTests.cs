using Drover.Mesos.V1.Scheduler;

namespace Drover.LocalMesos.Tests;

public sealed class LaunchTests
{
    [Fact]
    public async Task Accept_UsedUnknownOrDoubledOffer_DropsItsTasks()
    {
        await using var cluster = await TestCluster.StartAsync();
        var scheduler = cluster.NewScheduler();
        var offer = await scheduler.OfferAsync();
        await scheduler.DeclineAsync(offer, 0);
        await scheduler.LaunchAsync(offer, TestCluster.NewTask(offer, "used"));
        var status = await scheduler.UpdateAsync(TaskState.TaskDropped, "used");
        Assert.Equal((TaskStatus.Types.Reason.InvalidOffers, TaskStatus.Types.Source.Master, false), (status.Reason, status.Source, status.HasUuid));

        await scheduler.AcceptAsync([], 0, TestCluster.NewTask(offer, "none"));
        await scheduler.UpdateAsync(TaskState.TaskDropped, "none");

        // The valid offer of a call with a wrong one is void too.
        var second = await scheduler.OfferAsync();
        await scheduler.AcceptAsync([second, second], 0, TestCluster.NewTask(second, "doubled"));
        await scheduler.UpdateAsync(TaskState.TaskDropped, "doubled");
        await scheduler.LaunchAsync(second, TestCluster.NewTask(second, "void"));
        await scheduler.UpdateAsync(TaskState.TaskDropped, "void");
        Assert.Empty(cluster.Executors);
    }

    [Fact]
    public async Task Accept_InvalidTask_IsAnErrorAndItsSiblingsStart()
    {
        await using var cluster = await TestCluster.StartAsync();
        var scheduler = cluster.NewScheduler();
        var offer = await scheduler.OfferAsync();
        TaskInfo Bad(string id, Action<TaskInfo> change)
        {
            var task = TestCluster.NewTask(offer, id);
            change(task);
            return task;
        }

        await scheduler.LaunchAsync(offer,
            TestCluster.NewTask(offer, "good-1"),
            Bad("too/much", _ => { }),
            Bad("no-executor", t => t.Executor = null),
            Bad("both", t => t.Command = new CommandInfo { Value = "true" }),
            Bad("no-resources", t => t.Resources.Clear()),
            Bad("elsewhere", t => t.AgentId = new AgentID { Value = "other" }),
            Bad("greedy", t => t.Resources.Add(Resources.Scalar("cpus", 64_000))),
            Bad("no-command", t => t.Executor.Command = null),
            Bad("good-1", t => t.Name = "the same id again"),
            TestCluster.NewTask(offer, "good-2"));
        foreach (var bad in (string[])["too/much", "no-executor", "both", "no-resources", "elsewhere", "greedy", "no-command", "good-1"])
        {
            var status = await scheduler.UpdateAsync(TaskState.TaskError, bad);
            Assert.Equal(TaskStatus.Types.Reason.TaskInvalid, status.Reason);
            Assert.False(status.HasUuid);
        }

        await TestCluster.UntilAsync(() => scheduler.Updates.Count(u => u.State == TaskState.TaskRunning) == 2, "the good tasks");
    }

    [Fact]
    public async Task Accept_SecondTaskOfAnExecutor_IsDeliveredToIt()
    {
        await using var cluster = await TestCluster.StartAsync();
        var (scheduler, _) = await cluster.RunTaskAsync("t1");
        var offer = await scheduler.OfferAsync();
        Assert.Equal("t1", offer.ExecutorIds.Single().Value);
        var same = TestCluster.NewTask(offer, "t2", executor: "t1");
        var changed = TestCluster.NewTask(offer, "t3", executor: "t1");
        changed.Executor.Name = "another name";
        await scheduler.LaunchAsync(offer, same, changed);
        await scheduler.UpdateAsync(TaskState.TaskError, "t3");
        await scheduler.UpdateAsync(TaskState.TaskRunning, "t2");
        Assert.Equal(1, cluster.Launcher.Count);
    }

    [Fact]
    public async Task Accept_ExactlyAllOfAnOffer_Fits()
    {
        await using var cluster = await TestCluster.StartAsync();
        var scheduler = cluster.NewScheduler();
        var offer = await scheduler.OfferAsync();
        await scheduler.LaunchAsync(offer, TestCluster.NewTask(offer, "t", cpus: 3.99, mem: 4064));
        await scheduler.UpdateAsync(TaskState.TaskRunning);
        using var client = new OperatorClient();
        var agents = await client.GetAgentsAsync(cluster.Master.Uri, TestContext.Current.CancellationToken);
        Assert.Equal("cpus 4, mem 4096", Resources.Of(agents.Agents.Single().AllocatedResources).ToString());
        Assert.Single(scheduler.Offers);
    }

    [Fact]
    public async Task Accept_TaskGroupOrReservation_IsAnsweredAsUnsupported()
    {
        await using var cluster = await TestCluster.StartAsync();
        var scheduler = cluster.NewScheduler();
        var offer = await scheduler.OfferAsync();
        var task = TestCluster.NewTask(offer, "t");
        var call = new Call { Type = Call.Types.Type.Accept, Accept = new() };
        call.Accept.OfferIds.Add(offer.Id);
        var group = new Offer.Types.Operation { Type = Offer.Types.Operation.Types.Type.LaunchGroup, LaunchGroup = new() { Executor = task.Executor, TaskGroup = new() } };
        group.LaunchGroup.TaskGroup.Tasks.Add(task);
        call.Accept.Operations.Add(group);
        call.Accept.Operations.Add(new Offer.Types.Operation { Type = Offer.Types.Operation.Types.Type.Reserve, Reserve = new() });
        await scheduler.SendAsync(call);
        Assert.Equal(TaskStatus.Types.Reason.TaskGroupInvalid, (await scheduler.UpdateAsync(TaskState.TaskError)).Reason);
    }

    [Fact]
    public async Task Accept_ThenReconcile_KnowsTheTask()
    {
        await using var cluster = await TestCluster.StartAsync();
        cluster.OnExecutor = e => e.OnLaunch = (_, _) => { };
        var scheduler = cluster.NewScheduler();
        var offer = await scheduler.OfferAsync();
        await scheduler.LaunchAsync(offer, TestCluster.NewTask(offer, "t"));
        await scheduler.ReconcileAsync(("t", offer.AgentId.Value));
        Assert.Equal(TaskStatus.Types.Reason.Reconciliation, (await scheduler.UpdateAsync(TaskState.TaskStaging)).Reason);
    }

    [Fact]
    public async Task Executor_Environment_IsWhatMesosGives()
    {
        await using var cluster = await TestCluster.StartAsync(agent: a => a with { Environment = new Dictionary<string, string> { ["SITE"] = "a", ["OVER"] = "agent" } });
        var scheduler = cluster.NewScheduler();
        var offer = await scheduler.OfferAsync();
        var task = TestCluster.NewTask(offer, "t");
        task.Executor.ShutdownGracePeriod = new DurationInfo { Nanoseconds = 90_000_000_000 };
        task.Executor.Command.Environment = new Mesos.V1.Environment();
        task.Executor.Command.Environment.Variables.Add(new Mesos.V1.Environment.Types.Variable { Name = "OVER", Value = "command" });
        await scheduler.LaunchAsync(offer, task);
        await scheduler.UpdateAsync(TaskState.TaskRunning);
        var start = cluster.Executors["t"].Start;
        var environment = start.Environment;
        Assert.Equal(scheduler.Id.Value, environment["MESOS_FRAMEWORK_ID"]);
        Assert.Equal("t", environment["MESOS_EXECUTOR_ID"]);
        Assert.Equal(offer.AgentId.Value, environment["MESOS_SLAVE_ID"]);
        Assert.Equal(cluster.Agent.Uri.Authority, environment["MESOS_AGENT_ENDPOINT"]);
        Assert.Equal($"slave(1)@{cluster.Agent.Uri.Authority}", environment["MESOS_SLAVE_PID"]);
        Assert.Equal(("1", "15mins", "90secs"), (environment["MESOS_CHECKPOINT"], environment["MESOS_RECOVERY_TIMEOUT"], environment["MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD"]));
        Assert.Equal(start.Sandbox, environment["MESOS_SANDBOX"]);
        Assert.Equal(start.Sandbox, environment["MESOS_DIRECTORY"]);
        Assert.Equal(("a", "command"), (environment["SITE"], environment["OVER"]));
        Assert.StartsWith("/usr/local/sbin:", environment["PATH"], StringComparison.Ordinal);
        Assert.False(environment.ContainsKey("HOME"));
        Assert.False(environment.ContainsKey("MESOS_ALLOCATION_ROLE"));
        Assert.Equal("./executor", start.Program);
        Assert.EndsWith($"slaves/{offer.AgentId.Value}/frameworks/{scheduler.Id.Value}/executors/t/runs/{Path.GetFileName(start.Sandbox)}", start.Sandbox, StringComparison.Ordinal);
        Assert.Equal(start.Sandbox, Path.GetFullPath(new DirectoryInfo(Path.Combine(start.Sandbox, "../latest")).ResolveLinkTarget(true)!.FullName));
    }
}
