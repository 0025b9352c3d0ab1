using Drover.Api.Machines;
using Drover.Scheduler.Requests;

namespace Drover.Scheduler.Commands;

/// <summary>A command to a machine's executor that has not been answered yet. Part of the request, so it is stored before it is sent.</summary>
internal sealed record PendingCommand
{
    public required MachineCommand Command { get; init; }

    public required DateTimeOffset Since { get; init; }

    /// <summary>Nobody waits for an outcome after this.</summary>
    public required DateTimeOffset Deadline { get; init; }
}

/// <summary>Who gave a command, and is told how it ended.</summary>
internal interface ICommandOwner
{
    bool Owns(string verb);

    /// <summary>The command was carried out, refused, or not answered in time. Called once per command, in the turn that stores it; the request as it is in the book
    /// has the command no more. A late outcome of a command that was given up is not told.</summary>
    void Ended(MachineRequest request, PendingCommand command, CommandOutcome outcome, Turn turn);
}
