using System.Text.Json;
using Drover.Api.Machines;
using Drover.Mesos.V1;
using Drover.Mesos.V1.Scheduler;
using Drover.Scheduler.Commands;
using Drover.Scheduler.Disks;
using Drover.Scheduler.Pool;
using Drover.Scheduler.Requests;
using Microsoft.Extensions.Logging;
using TaskStatus = Drover.Mesos.V1.TaskStatus;

namespace Drover.Scheduler.Tasks;

/// <summary>Turns task statuses into steps of the requests' lives. A status is stored before it is acknowledged; a doubled one changes nothing.</summary>
internal sealed partial class TaskTracker(RequestBook book, PoolBook pool, PoolTracker poolTracker, CommandDesk commands, DiskMoves moves, StrayTasks strays, ILogger logger)
{
    /// <summary>A request gives up after so many attempts that were dropped for a reason that may come again.</summary>
    public const int MostDrops = 8;

    private static readonly TimeSpan s_dropFloor = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_dropCap = TimeSpan.FromMinutes(1);

    /// <returns>True when the master should be asked about the task again.</returns>
    public bool Receive(TaskStatus status, Turn turn)
    {
        Acknowledge(status, turn);
        var word = new TaskWord(TaskJudge.Name(status.State), status.HasUuid ? Convert.ToHexStringLower(status.Uuid.Span) : null, turn.Now);
        if (book.FindTask(status.TaskId.Value) is { } request)
        {
            return Receive(request, status, word, turn);
        }

        if (pool.FindTask(status.TaskId.Value) is { } member)
        {
            poolTracker.Receive(member, status, word, FromExecutor(status) ? Report(status) : null, turn);
        }
        else
        {
            strays.Seen(status);
        }

        return false;
    }

    private bool Receive(MachineRequest request, TaskStatus status, TaskWord word, Turn turn)
    {
        if (word.Uuid is not null && word.Uuid == request.Task?.Uuid)
        {
            return false;
        }

        var reason = TaskJudge.ReasonOf(status);
        LogStatus(request.MachineId, status.TaskId.Value, word.State, reason?.ToString(), status.Message);
        var verdict = TaskJudge.Judge(request.State, request.Confirmed, status.State, reason);
        if (verdict == TaskVerdict.Doubtful)
        {
            return true;
        }

        var heard = Hear(request, status, word, turn.Now);
        turn.Put(heard);
        commands.Heard(request.MachineId, turn);
        heard = book.Find(request.MachineId)!;
        if (heard is { Class: { } of, Placement: { } where, Report: { } report } && !ReferenceEquals(report, request.Report))
        {
            poolTracker.Learn(report, request.Report, of, where, heard.OfferedAt ?? turn.Now, turn);
        }

        Follow(heard, OfClaim(heard, verdict), status, word, turn);
        return false;
    }

    private void Follow(MachineRequest heard, TaskVerdict verdict, TaskStatus status, TaskWord word, Turn turn)
    {
        switch (verdict)
        {
            case TaskVerdict.Ended or TaskVerdict.TryAgain when heard is { Report.AddressInUse: { } address, State: RequestState.Offered or RequestState.Launching } && address == heard.Address?.Address:
                turn.Quarantine(heard, heard.Report.Message ?? "somebody else answered for it");
                TryAgain(heard with { Address = null }, null, turn);
                break;
            case TaskVerdict.Alive:
                turn.Put(heard.After(RequestEvent.Alive, turn.Now) with { LostSince = null });
                break;
            case TaskVerdict.Ready:
                Ready(heard with { LostSince = null }, turn);
                break;
            case TaskVerdict.TryAgain:
                TryAgain(heard, null, turn);
                break;
            case TaskVerdict.TryAgainLater when heard.Drops < MostDrops:
                TryAgain(heard with { LastDrop = status.Message is { Length: > 0 } why ? why : word.State }, DropDelay(heard.Drops), turn);
                break;
            case TaskVerdict.Lost:
                turn.Put(heard with { LostSince = heard.LostSince ?? turn.Now });
                break;
            case TaskVerdict.Ended or TaskVerdict.TryAgainLater or TaskVerdict.TryAgain when heard.Discard:
                if (status.State == TaskState.TaskFinished)
                {
                    DiskDiscards.Done(heard, turn);
                }
                else
                {
                    TryAgain(heard with { LastDrop = status.Message }, DropDelay(heard.Drops), turn);
                }

                break;
            case TaskVerdict.Ended or TaskVerdict.TryAgainLater when DiskMoves.GoesOn(heard, status):
                Queue(DiskMoves.Next(heard, status, turn.Now), RequestEvent.Moved, turn);
                break;
            case TaskVerdict.Ended or TaskVerdict.TryAgainLater:
                End(heard, status, turn);
                break;
        }
    }

    /// <summary>A spare's task runs before the machine does; and when a claim comes to nothing, another attempt is safe once the spare's task is over.</summary>
    private static TaskVerdict OfClaim(MachineRequest request, TaskVerdict verdict) =>
        request.Claim is not { } claim || request.State is not (RequestState.Offered or RequestState.Launching) ? verdict
        : verdict switch
        {
            TaskVerdict.Ready when !claim.Accepted || request.Report is not { Stage: MachineStage.Register, Status: StageStatus.Done } => TaskVerdict.Alive,
            TaskVerdict.Ended or TaskVerdict.TryAgainLater => TaskVerdict.TryAgain,
            _ => verdict,
        };

    private void Ready(MachineRequest request, Turn turn)
    {
        var next = request.After(RequestEvent.Ready, turn.Now);
        if (next.State == RequestState.Running)
        {
            RequestEnd.Ready(next, turn);
            moves.CameUp(next.MachineId, turn);
        }
        else
        {
            turn.Put(next);
        }
    }

    private void TryAgain(MachineRequest request, TimeSpan? delay, Turn turn)
    {
        var next = request.After(RequestEvent.NotStarted, turn.Now);
        if (next.State == RequestState.Gone)
        {
            RequestEnd.Removed(request, RequestEvent.NotStarted, turn);
            return;
        }

        Queue(request with { Drops = delay is null ? request.Drops : request.Drops + 1, NotBefore = delay is null ? null : turn.Now + delay }, RequestEvent.NotStarted, turn);
    }

    /// <summary>Nothing of the attempt is left; the next is another task.</summary>
    private void Queue(MachineRequest request, RequestEvent why, Turn turn)
    {
        turn.Put(request.After(why, turn.Now).WithoutAttempt() with
        {
            Spec = request.Order?.Wanted ?? request.Spec,
            NoClaim = request.NoClaim || request.Claim is not null,
        });

        // A registration token is good for one machine that came up; that one may have used it.
        book.Prepare(request.MachineId, null);
        turn.Prepare(request.MachineId);
    }

    private static void End(MachineRequest request, TaskStatus status, Turn turn)
    {
        if (request.State == RequestState.Stopping)
        {
            RequestEnd.Removed(request, RequestEvent.Ended, turn);
        }
        else
        {
            RequestEnd.Fail(request, RequestEvent.Ended, Failure(request, status), turn);
        }
    }

    private static MachineFailure Failure(MachineRequest request, TaskStatus status)
    {
        var report = request.Report is { Status: StageStatus.Failed } failed ? failed : null;
        var said = status.Message is { Length: > 0 } message ? message : report?.Message;
        var agent = request.Placement?.Hostname ?? "the agent";
        var cause = status.State switch
        {
            TaskState.TaskFinished => said ?? "The guest shut itself down.",
            TaskState.TaskKilled => said ?? $"The machine was stopped on {agent}, not by a request of ours.",
            TaskState.TaskGone or TaskState.TaskGoneByOperator => $"Agent {agent} is gone, and the machine with it.",
            TaskState.TaskError => $"Mesos refused the machine: {said ?? "no reason given"}",
            TaskState.TaskDropped or TaskState.TaskLost => $"The machine could not be started on {agent}, after {request.Drops + 1} attempts: {said ?? "no reason given"}",
            _ => said ?? "The machine ended without a word.",
        };
        var stage = report?.Stage ?? (request.State == RequestState.Running ? "running" : request.Report?.Stage ?? MachineStage.Launch);
        return new MachineFailure(stage, cause, report?.Console ?? []);
    }

    private static MachineRequest Hear(MachineRequest request, TaskStatus status, TaskWord word, DateTimeOffset now)
    {
        var fromExecutor = FromExecutor(status);
        return request with
        {
            Task = word,
            Confirmed = request.Confirmed || fromExecutor,
            FirstWordAt = request.FirstWordAt ?? (fromExecutor ? now : null),
            Report = (fromExecutor ? Report(status) : null) ?? request.Report,
        };
    }

    private static bool FromExecutor(TaskStatus status) => status.HasSource && status.Source == TaskStatus.Types.Source.Executor;

    private static StageReport? Report(TaskStatus status)
    {
        try
        {
            return status.HasData && status.Data.Length > 0 ? JsonSerializer.Deserialize(status.Data.Span, MachineJson.Default.StageReport) : null;
        }
        catch (JsonException)
        {
            // An executor of another version; its state and sentence still count.
            return null;
        }
    }

    /// <summary>Only updates with a uuid are acknowledged, and only once the turn is stored.</summary>
    private static void Acknowledge(TaskStatus status, Turn turn)
    {
        if (status.HasUuid && status.AgentId is not null)
        {
            turn.Call(new Call
            {
                Type = Call.Types.Type.Acknowledge,
                Acknowledge = new Call.Types.Acknowledge { AgentId = status.AgentId, TaskId = status.TaskId, Uuid = status.Uuid },
            });
        }
    }

    private static TimeSpan DropDelay(int drops) => s_dropFloor * (1 << Math.Min(drops, 6)) is var delay && delay < s_dropCap ? delay : s_dropCap;

    [LoggerMessage(Level = LogLevel.Information, Message = "Machine {MachineId}: task {TaskId} is {State} ({Reason}) {Text}")]
    private partial void LogStatus(string machineId, string taskId, string state, string? reason, string? text);
}
