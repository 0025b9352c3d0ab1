using System.Text.Json;
using Drover.Api.Machines;
using Drover.Mesos.V1;
using Drover.Mesos.V1.Scheduler;
using Drover.Scheduler.Requests;
using Google.Protobuf;

namespace Drover.Scheduler.Commands;

/// <summary>Sends commands to executors and hears their outcomes.</summary>
/// <remarks>Mesos loses and doubles messages. So a pending command is sent again, ever less often, until its outcome stands in a status update of its task
/// or its deadline is over; the executor carries each id out once. What was sent is not stored: a new run of the scheduler sends all that is pending again.</remarks>
internal sealed class CommandDesk(RequestBook book, IReadOnlyList<ICommandOwner> owners)
{
    private static readonly TimeSpan s_floor = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan s_cap = TimeSpan.FromSeconds(10);

    private readonly Dictionary<string, (int Tries, DateTimeOffset Next)> _tries = new(StringComparer.Ordinal);

    /// <summary>When to be called again; null when no command is pending.</summary>
    public DateTimeOffset? NextDue { get; private set; }

    /// <summary>A new session: what was sent in the old one may be lost.</summary>
    public void Restart() => _tries.Clear();

    /// <summary>Adds a command to a request that has a task; it is sent once the turn is stored.</summary>
    public static MachineRequest Give(MachineRequest request, MachineCommand command, TimeSpan patience, DateTimeOffset now) =>
        request with { Commands = [.. request.Commands, new PendingCommand { Command = command, Since = now, Deadline = now + patience }] };

    /// <summary>Tells the owners which pending commands the last report answers.</summary>
    public void Heard(string machineId, Turn turn)
    {
        if (book.Find(machineId) is not { Commands.Count: > 0, Report: { } report } request)
        {
            return;
        }

        foreach (var pending in request.Commands.ToList())
        {
            if (report.Outcomes.FirstOrDefault(o => o.Id == pending.Command.Id) is { } outcome)
            {
                End(machineId, pending, outcome, turn);
            }
        }
    }

    /// <summary>Sends what is due and gives up what was not answered in time.</summary>
    public void Act(bool connected, Turn turn)
    {
        NextDue = null;
        var pending = new HashSet<string>(StringComparer.Ordinal);
        foreach (var request in book.WithCommands.ToList())
        {
            foreach (var command in request.Commands)
            {
                if (command.Deadline <= turn.Now)
                {
                    End(request.MachineId, command, NotAnswered(command, turn.Now), turn);
                    continue;
                }

                pending.Add(command.Command.Id);
                Due(command.Deadline);
                Try(connected, request, command, turn);
            }
        }

        foreach (var id in _tries.Keys.Where(id => !pending.Contains(id)).ToList())
        {
            _tries.Remove(id);
        }
    }

    private void Try(bool connected, MachineRequest request, PendingCommand command, Turn turn)
    {
        var (tries, next) = _tries.GetValueOrDefault(command.Command.Id, (0, turn.Now));
        if (!connected)
        {
            return;
        }

        if (next <= turn.Now)
        {
            var delay = s_floor * (1 << Math.Min(tries, 8)) is var d && d < s_cap ? d : s_cap;
            next = turn.Now + delay;
            _tries[command.Command.Id] = (tries + 1, next);
            turn.Call(Message(request, command.Command));
        }

        Due(next);
    }

    private void End(string machineId, PendingCommand pending, CommandOutcome outcome, Turn turn)
    {
        var request = book.Find(machineId)!;
        request = request with { Commands = [.. request.Commands.Where(c => c.Command.Id != pending.Command.Id)] };
        turn.Put(request);
        foreach (var owner in owners.Where(o => o.Owns(pending.Command.Verb)))
        {
            owner.Ended(request, pending, outcome, turn);
        }
    }

    private void Due(DateTimeOffset at) => NextDue = NextDue is { } due && due < at ? due : at;

    private static CommandOutcome NotAnswered(PendingCommand command, DateTimeOffset now) =>
        new() { Id = command.Command.Id, Ok = false, Message = $"The executor did not answer the command {command.Command.Verb} within {(now - command.Since).TotalSeconds:0} s." };

    /// <summary>Executor and task have one id, see <see cref="Launching.TaskBuilder"/>.</summary>
    private static Call Message(MachineRequest request, MachineCommand command) => new()
    {
        Type = Call.Types.Type.Message,
        Message = new Call.Types.Message
        {
            AgentId = new AgentID { Value = request.Placement!.AgentId },
            ExecutorId = new ExecutorID { Value = command.TaskId },
            Data = ByteString.CopyFrom(JsonSerializer.SerializeToUtf8Bytes(command, MachineJson.Default.MachineCommand)),
        },
    };
}
