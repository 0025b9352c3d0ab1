using System.Text.Json.Nodes;
using Drover.Api.Cattle;
using Drover.Api.Machines;
using Drover.Scheduler.Requests;

namespace Drover.Scheduler.Commands;

/// <summary>Has the executors of machines open a way to a console (<c>physicalhost.stream</c>): the server waits at a WebSocket, the executor dials it.</summary>
/// <remarks>Somebody sits there and waits, so nothing of it is worth keeping: a command is given up after seconds, and who is to be answered is not
/// stored. A scheduler that starts anew lets the server's question run out.</remarks>
internal sealed class ConsoleOrders(RequestBook book, SchedulerOptions options) : ICommandOwner
{
    public const string Event = "physicalhost.stream";

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    /// <summary>By the command's id.</summary>
    private readonly Dictionary<string, (string MachineId, PendingReply? Reply)> _asking = new(StringComparer.Ordinal);

    public bool Owns(string verb) => verb == MachineCommand.Console;

    public void Receive(CattleEvent e, Turn turn)
    {
        if (e.ResourceId is not { Length: > 0 } machineId)
        {
            return;
        }

        Forget();
        var reply = e.ReplyTo is { } replyTo ? new PendingReply(e.Id, replyTo) : null;
        var asked = new CattleResource(e.Data ?? []);
        if (asked.Text("id") is not { Length: > 0 } id || asked.Text("kind") is not { } kind || asked.Text("path") is not { } path || asked.Text("secret") is not { } secret)
        {
            turn.Reply(machineId, reply, CattleReply.Failed("The server does not say which console it waits for."));
        }
        else if (book.Find(machineId) is not { State: RequestState.Launching or RequestState.Running, TaskId: { } taskId, Placement: not null } request)
        {
            turn.Reply(machineId, reply, CattleReply.Failed("The machine does not run, so it has no console now."));
        }
        else if (_asking.TryAdd(id, (machineId, reply)))
        {
            var command = new MachineCommand
            {
                Id = id,
                Verb = MachineCommand.Console,
                TaskId = taskId,
                Arguments = new JsonObject { ["kind"] = kind, ["url"] = Url(path), ["secret"] = secret },
            };
            turn.Put(CommandDesk.Give(request, command, s_patience, turn.Now));
        }
    }

    public void Ended(MachineRequest request, PendingCommand command, CommandOutcome outcome, Turn turn)
    {
        if (_asking.Remove(command.Command.Id, out var asked))
        {
            turn.Reply(request.MachineId, asked.Reply, outcome.Ok ? CattleReply.Done() : CattleReply.Failed(outcome.Message ?? "The executor gave no reason."));
        }
    }

    /// <summary>A machine that is gone took its commands along; nobody is told of them.</summary>
    private void Forget()
    {
        foreach (var id in _asking.Where(a => book.Find(a.Value.MachineId)?.Commands.Any(c => c.Command.Id == a.Key) != true).Select(a => a.Key).ToList())
        {
            _asking.Remove(id);
        }
    }

    /// <summary>Where the executor finds the server: where we find it; by the name under which executors find this computer, when ours is its loopback.</summary>
    private string Url(string path)
    {
        var root = new Uri(options.CattleUrl.TrimEnd('/') + "/");
        var url = new UriBuilder(new Uri(root, path));
        if (root.IsLoopback && (options.AdvertisedUrl is { IsLoopback: false } advertised ? advertised.Host : options.LocalhostReplacement) is { } host)
        {
            url.Host = host;
        }

        url.Scheme = url.Scheme == Uri.UriSchemeHttps ? "wss" : "ws";
        return url.Uri.AbsoluteUri;
    }
}
