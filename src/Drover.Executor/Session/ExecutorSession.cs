using Drover.Executor.Machines;
using Drover.Mesos;
using Drover.Mesos.V1;
using Google.Protobuf;
using Task = System.Threading.Tasks.Task;
using ExecutorEvent = Drover.Mesos.V1.Executor.Event;

namespace Drover.Executor.Session;

/// <summary>One executor's side of Mesos: takes one task, makes it one machine, reports its life, stops it when told.</summary>
/// <remarks>
/// It ends when the task's last update is acknowledged by the agent, or after a bounded wait for that (an agent that was restarted may
/// know the end already and never acknowledge), or when there is no agent any more. The machine is gone by then in every case.
/// </remarks>
internal sealed class ExecutorSession(ExecutorConnection connection, ExecutorEnvironment environment, string sandbox, ExecutorOptions options, TimeProvider time)
{
    /// <summary>Left of the agent's grace for removing files, the last update and its acknowledgement.</summary>
    private static readonly TimeSpan ShutdownReserve = TimeSpan.FromSeconds(2);

    private TaskInfo? task;
    private MachineSupervisor? supervisor;
    private Task life = Task.CompletedTask;
    private bool frameworkKnowsKilling;
    private bool agentLost;
    private bool over;

    private TimeSpan ShutdownGrace => environment.ShutdownGracePeriod > ShutdownReserve ? environment.ShutdownGracePeriod - ShutdownReserve : TimeSpan.Zero;

    /// <summary>Returns an exit status of <see cref="ExecutorHost"/>.</summary>
    internal async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            await FollowAsync(cancellationToken);
            if (supervisor is not null)
            {
                await life;
            }
        }
        finally
        {
            supervisor?.Dispose();
        }

        if (agentLost)
        {
            return ExecutorHost.AgentLost;
        }

        return await connection.WaitAcknowledgedAsync(options.AcknowledgementTime, CancellationToken.None) ? ExecutorHost.Done : ExecutorHost.AgentLost;
    }

    /// <summary>Handles signals until the machine has ended, or there never will be one.</summary>
    private async Task FollowAsync(CancellationToken cancellationToken)
    {
        var cancelled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = cancellationToken.Register(cancelled.SetResult);
        Task stop = cancelled.Task;
        var signals = connection.Signals.WaitToReadAsync(CancellationToken.None).AsTask();
        var never = new TaskCompletionSource().Task;
        while (!over)
        {
            var first = await Task.WhenAny(supervisor is null ? never : life, stop, signals);
            if (first == stop)
            {
                stop = never;
                await StopAsync(ShutdownGrace);
            }
            else if (first != signals)
            {
                return;
            }
            else if (!await signals)
            {
                // No agent any more; the machine's end is all that is left to wait for.
                return;
            }
            else
            {
                while (connection.Signals.TryRead(out var signal))
                {
                    await HandleAsync(signal);
                }

                signals = connection.Signals.WaitToReadAsync(CancellationToken.None).AsTask();
            }
        }
    }

    private async Task HandleAsync(ExecutorSignal signal)
    {
        switch (signal)
        {
            case ExecutorSignal.Subscribed(var subscribed):
                frameworkKnowsKilling = subscribed.FrameworkInfo?.Capabilities.Any(c => c.Type == FrameworkInfo.Types.Capability.Types.Type.TaskKillingState) ?? false;
                break;
            case ExecutorSignal.Ended(var reason, var message):
                options.Log($"no agent any more ({reason}): {message}");
                agentLost = true;
                await StopAsync(ShutdownGrace);
                break;
            case ExecutorSignal.Event(var message):
                await HandleAsync(message);
                break;
        }
    }

    private async Task HandleAsync(ExecutorEvent message)
    {
        switch (message.Type)
        {
            case ExecutorEvent.Types.Type.Launch:
                Launch(message.Launch.Task);
                break;
            case ExecutorEvent.Types.Type.LaunchGroup:
                foreach (var member in message.LaunchGroup.TaskGroup.Tasks)
                {
                    connection.Update(TaskUpdates.Invalid(member.TaskId, "This executor takes single tasks, no task groups."));
                }

                over = task is null;
                break;
            case ExecutorEvent.Types.Type.Kill when message.Kill.TaskId.Value == task?.TaskId.Value:
                await StopAsync(GraceOf(message.Kill.KillPolicy ?? task.KillPolicy));
                break;
            case ExecutorEvent.Types.Type.Kill:
                options.Log($"KILL for the unknown task '{message.Kill.TaskId.Value}' ignored");
                break;
            case ExecutorEvent.Types.Type.Message:
                await CommandAsync(message.Message.Data);
                break;
            case ExecutorEvent.Types.Type.Shutdown:
                options.Log("the agent tells us to shut down");
                await StopAsync(ShutdownGrace);
                break;
        }
    }

    private void Launch(TaskInfo launched)
    {
        if (task is not null)
        {
            if (task.TaskId.Value != launched.TaskId.Value)
            {
                connection.Update(TaskUpdates.Invalid(launched.TaskId, $"This executor has its one task already: {task.TaskId.Value}."));
            }

            return;
        }

        task = launched;
        var (read, error) = MachineTaskReader.Read(launched.Data.Span);
        if (read is null)
        {
            options.Log(error!);
            connection.Update(TaskUpdates.Invalid(launched.TaskId, error!));
            over = true;
            return;
        }

        (supervisor, life) = MachineStart.Begin(read, launched.TaskId.Value, sandbox, options, time, Report);
    }

    /// <summary>A message may be anything: what is no command for our task is only logged. The scheduler repeats one whose outcome it does not see.</summary>
    private async Task CommandAsync(ByteString data)
    {
        var (command, error) = MachineTaskReader.ReadCommand(data.Span);
        if (error is not null)
        {
            options.Log(error);
        }

        if (command is null || supervisor is null || command.TaskId != task?.TaskId.Value)
        {
            options.Log("a message that is no command for our task is ignored");
            return;
        }

        await supervisor.CommandAsync(command);
    }

    private async Task StopAsync(TimeSpan grace)
    {
        if (supervisor is null)
        {
            over = true;
            return;
        }

        await supervisor.StopAsync(grace);
    }

    private TimeSpan GraceOf(KillPolicy? policy) => policy?.GracePeriod is { } period
        ? TimeSpan.FromTicks(period.Nanoseconds / TimeSpan.NanosecondsPerTick)
        : TimeSpan.FromSeconds(supervisor?.Task.ShutdownGraceSeconds ?? 0);

    private void Report(MachineUpdate update)
    {
        options.Log($"{update.Phase}: {update.Report.Stage} {update.Report.Status}: {update.Report.Message}");
        if (TaskUpdates.Of(task!.TaskId, update, frameworkKnowsKilling) is { } status)
        {
            connection.Update(status);
        }
    }
}
