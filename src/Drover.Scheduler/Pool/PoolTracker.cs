using Drover.Api.Machines;
using Drover.Mesos;
using Drover.Mesos.V1;
using Drover.Scheduler.Launching;
using Drover.Scheduler.Requests;
using Drover.Scheduler.Tasks;
using Microsoft.Extensions.Logging;
using TaskStatus = Drover.Mesos.V1.TaskStatus;

namespace Drover.Scheduler.Pool;

/// <summary>Turns task statuses into steps of the members' lives, and the reports of machines into knowledge of templates.</summary>
internal sealed partial class PoolTracker(PoolBook pool, PoolBackoff backoff, AgentMemory memory, ILogger logger)
{
    /// <summary>A template that failed so often is given up until <see cref="PoolDesk"/> forgets it.</summary>
    public const int MostFailures = 4;

    private static readonly TimeSpan s_floor = TimeSpan.FromSeconds(30);

    /// <summary>After it had to give way, a template is tried again when things may have calmed down.</summary>
    private static readonly TimeSpan s_calm = TimeSpan.FromMinutes(1);

    public void Receive(PoolMember member, TaskStatus status, TaskWord word, StageReport? report, Turn turn)
    {
        Follow(member, status, word, report, turn);
        if (pool.FindTask(member.TaskId) is null)
        {
            memory.Returned(member.AgentId, member.Amounts);
        }
    }

    private void Follow(PoolMember member, TaskStatus status, TaskWord word, StageReport? report, Turn turn)
    {
        if (word.Uuid is not null && word.Uuid == member.Task?.Uuid)
        {
            return;
        }

        LogStatus(member.TaskId, word.State, status.Message);
        var fromExecutor = status.HasSource && status.Source == TaskStatus.Types.Source.Executor;
        var heard = member with { Task = word, Confirmed = member.Confirmed || fromExecutor, Report = report ?? member.Report };
        if (report is not null && member.Kind == PoolKind.Spare)
        {
            Learn(report, member.Report, member.Class, member.Placement, member.ChangedAt, turn);
        }

        switch (status.State)
        {
            case TaskState.TaskStaging or TaskState.TaskStarting or TaskState.TaskRunning:
                Alive(heard with { LostSince = null }, turn);
                break;
            case TaskState.TaskKilling:
                turn.Put(heard);
                break;
            case TaskState.TaskUnreachable:
            case TaskState.TaskLost or TaskState.TaskUnknown when member.Confirmed && member.State != PoolState.Stopping:
                turn.Put(heard with { LostSince = member.LostSince ?? turn.Now });
                break;
            case TaskState.TaskFinished or TaskState.TaskFailed when TaskJudge.ReasonOf(status) == TaskStatus.Types.Reason.Reconciliation && member.State != PoolState.Stopping:
                // Its own last update waits to be acknowledged and is on its way.
                break;
            case TaskState.TaskFinished when member.Kind == PoolKind.Template && member.State != PoolState.Stopping:
                turn.Put(heard.After(PoolEvent.Ready, turn.Now, "The template is made.") with { Failures = 0, NotBefore = null, LostSince = null });
                LogMade(member.Class.ToString(), member.Placement.Hostname);
                break;
            case var state when state.IsTerminal() || state is TaskState.TaskLost or TaskState.TaskUnknown:
                Ended(heard, status, turn);
                break;
        }
    }

    /// <summary>A machine told whether there was a template for it.</summary>
    /// <param name="before">Its report before this one: the same word again tells nothing new.</param>
    /// <param name="since">When the machine was started: a template that was made after that could not have been used.</param>
    public void Learn(StageReport report, StageReport? before, PoolClass of, TaskPlacement where, DateTimeOffset since, Turn turn)
    {
        if (report.Template is not { } word || word == before?.Template)
        {
            return;
        }

        var known = pool.Template(where.AgentId, of);
        if (word == TemplateState.Used)
        {
            var used = known ?? PoolMember.Planned(PoolKind.Template, of, where, turn.Now, "");
            turn.Put(used.State is PoolState.Planned or PoolState.Gone ? used.After(PoolEvent.Ready, turn.Now, "A machine was copied from it.") with { Failures = 0, NotBefore = null } : used);
        }
        else if (word is TemplateState.Absent or TemplateState.Broken)
        {
            var why = word == TemplateState.Broken ? "The one that was there could not be used." : "A machine of this size found none.";
            if (known is null)
            {
                turn.Put(PoolMember.Planned(PoolKind.Template, of, where, turn.Now, why));
            }
            else if (known.State == PoolState.Ready && known.ChangedAt < since)
            {
                turn.Put(Later(known, why, turn.Now));
            }
        }
    }

    private static void Alive(PoolMember member, Turn turn)
    {
        var next = member.After(PoolEvent.Alive, turn.Now);
        var isParked = member.Kind == PoolKind.Spare && member.Report is { Stage: MachineStage.Docker, Status: StageStatus.Done };
        turn.Put(isParked ? next.After(PoolEvent.Ready, turn.Now) : next);
    }

    private void Ended(PoolMember member, TaskStatus status, Turn turn)
    {
        var said = status.Message is { Length: > 0 } message ? message : member.Report?.Message ?? $"its task is {TaskJudge.Name(status.State)}";
        if (member.Kind == PoolKind.Template)
        {
            turn.Put(member.State == PoolState.Stopping
                ? member.After(PoolEvent.Again, turn.Now, member.Why) with { NotBefore = turn.Now + s_calm }
                : Later(member, $"It could not be made: {said}", turn.Now));
            return;
        }

        if (member.State != PoolState.Stopping)
        {
            // It stays known, so that the pool says why there is none.
            LogLost(member.TaskId, member.Placement.Hostname, said);
            var until = backoff.Failed(member.AgentId, member.Class, turn.Now);
            turn.Put(member.After(PoolEvent.Again, turn.Now, $"It did not last: {said}") with { Failures = member.Failures + 1, NotBefore = until, LostSince = null });
            return;
        }

        turn.Forget(member);
    }

    private static PoolMember Later(PoolMember template, string why, DateTimeOffset now)
    {
        var failures = template.Failures + 1;
        return failures >= MostFailures
            ? template.After(PoolEvent.Ended, now, $"Given up after {failures} attempts. {why}") with { Failures = failures, LostSince = null }
            : template.After(PoolEvent.Again, now, why) with { Failures = failures, NotBefore = now + (s_floor * Math.Pow(4, failures - 1)), LostSince = null };
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "Pool: task {TaskId} is {State} {Text}")]
    private partial void LogStatus(string taskId, string state, string? text);

    [LoggerMessage(Level = LogLevel.Information, Message = "Pool: there is a template of {Class} on {Hostname}")]
    private partial void LogMade(string @class, string hostname);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Pool: {TaskId} on {Hostname} has ended: {Cause}")]
    private partial void LogLost(string taskId, string hostname, string cause);
}
