using Drover.Api.Machines;
using Drover.Executor.Machines;

namespace Drover.Executor.Consoles;

/// <summary>The open consoles of one machine. They end with it, and nothing of them stays.</summary>
internal sealed class ConsoleWork(MachineContext context, MachineEvents events)
{
    /// <summary>The server allows fewer; a message may come twice or from elsewhere.</summary>
    private const int Most = 16;

    private readonly Lock gate = new();
    private readonly HashSet<Task> open = [];

    /// <summary>Opens one; the outcome is an event once it stands, and it goes on.</summary>
    /// <param name="ending">The machine is going.</param>
    internal void Begin(IMachine machine, MachineCommand command, CancellationToken ending)
    {
        lock (gate)
        {
            open.RemoveWhere(task => task.IsCompleted);
            open.Add(open.Count < Most ? RunAsync(machine, command, ending) : EndedAsync(command, "Too many consoles of this machine are open."));
        }
    }

    /// <summary>Completes when all are closed; the token of <see cref="Begin"/> ends them.</summary>
    internal Task EndAsync()
    {
        lock (gate)
        {
            return Task.WhenAll(open);
        }
    }

    private async Task RunAsync(IMachine machine, MachineCommand command, CancellationToken ending)
    {
        await Task.Yield();
        try
        {
            var call = ConsoleCall.Read(command);
            await using var console = await machine.OpenConsoleAsync(call.Kind, ending);
            using var socket = await ConsoleSocket.DialAsync(call, context.Time, ending);
            await EndedAsync(command, null);
            await socket.JoinAsync(console, ending);
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            await EndedAsync(command, "The machine is being removed.");
        }
        catch (Exception e) when (e is MachineException or IOException)
        {
            await EndedAsync(command, e.Message);
        }
        catch (Exception e)
        {
            context.Options.Log($"{command.Verb}: {e}");
            await EndedAsync(command, $"unexpected: {e.Message}");
        }
    }

    private async Task EndedAsync(MachineCommand command, string? problem) =>
        await events.PostAsync(new MachineEvent.CommandEnded(new CommandOutcome { Id = command.Id, Ok = problem is null, Message = problem ?? "The console is open." }));
}
