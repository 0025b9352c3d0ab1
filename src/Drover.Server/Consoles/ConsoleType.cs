using System.Net.WebSockets;
using System.Text.Json.Nodes;
using Drover.Server.Api;
using Drover.Server.Api.Registry;
using Drover.Server.Api.Requests;
using Drover.Server.Events;
using Drover.Server.Machines;

namespace Drover.Server.Consoles;

/// <summary><c>/v1/consoles/ID?token=TOKEN</c>, where a person opens a console, and <c>/v1/consoles/ID/machine</c>, where the machine's executor dials in.</summary>
/// <remarks>
/// Order: a ticket by the machine's action <c>console</c>; the person's WebSocket uses it; the machine's handler is asked (<c>physicalhost.stream</c>) to have
/// the second WebSocket opened; both are joined until one ends. Whatever goes wrong in between is the reason that the person's WebSocket closes with.
/// Open to everybody, because the token is in the request: the ticket is what counts, and the login of whoever shows it does not.
/// </remarks>
internal sealed class ConsoleType : ResourceType
{
    private const string Process = "physicalhost.stream";
    private const string MachineEnd = "machine";
    private readonly ConsoleTickets _tickets;
    private readonly EventRequests _requests;
    private readonly ServerOptions _options;
    private readonly ServerStopping _stopping;
    private readonly TimeProvider _time;

    public ConsoleType(ConsoleTickets tickets, EventRequests requests, ServerOptions options, ServerStopping stopping, TimeProvider time)
    {
        (_tickets, _requests, _options, _stopping, _time) = (tickets, requests, options, stopping, time);
        (IsListed, HasSchema) = (false, false);
        Access.Allow(Roles.Known | Roles.Anonymous, Verbs.Read);
    }

    public override async Task<ApiResult> GetAsync(ApiContext context, string id)
    {
        context.RequireSocket("A console is");
        var ticket = _tickets.Use(id, context.SocketToken()) ?? throw ApiError.Unauthorized("This console's token is wrong, used up or has expired; ask for another.");
        try
        {
            using var person = await context.Http.WebSockets.AcceptWebSocketAsync(Protocol(context));
            using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.Aborted, _stopping.Token);
            try
            {
                var machine = await MeetAsync(context, ticket, ending.Token);
                await context.Db.DisposeAsync();
                await ConsoleJoin.RunAsync(person, machine, _time, ending.Token);
            }
            catch (ApiError e)
            {
                await ConsoleJoin.CloseAsync(person, ConsoleJoin.CloseRefused, e.Message);
            }
            catch (OperationCanceledException) when (ending.IsCancellationRequested)
            {
                await ConsoleJoin.CloseAsync(person, (int)WebSocketCloseStatus.EndpointUnavailable, "The server stops.");
            }
        }
        finally
        {
            _tickets.End(ticket);
        }

        return ApiResult.Handled;
    }

    public override async Task<ApiResult> LinkAsync(ApiContext context, string id, string link)
    {
        if (link != MachineEnd)
        {
            throw ApiError.NotFound($"link '{link}' of {Name}");
        }

        context.RequireSocket("A console is");
        var ticket = _tickets.Awaited(id, context.SocketToken()) ?? throw ApiError.Unauthorized("Nobody waits for this console.");
        await context.Db.DisposeAsync();
        using var machine = await context.Http.WebSockets.AcceptWebSocketAsync();
        if (ticket.Machine.TrySetResult(machine))
        {
            // The person's end reads and writes this socket, and closes it.
            await ticket.Over.Task;
        }

        return ApiResult.Handled;
    }

    /// <summary>Asks whoever runs the machine for its end, and waits until it is here.</summary>
    private async Task<WebSocket> MeetAsync(ApiContext context, ConsoleTicket ticket, CancellationToken cancellationToken)
    {
        var asked = _requests.AskAsync(
            context.Db, Process, MachineProcesses.ResourceType, Ids.Format(MachineProcesses.IdLetters, ticket.MachineId),
            new JsonObject { ["id"] = ticket.Id, ["kind"] = ticket.Kind, ["path"] = $"{ConsoleAction.Path}/{ticket.Id}/{MachineEnd}", ["secret"] = ticket.Secret },
            _options.ConsoleTimeout, cancellationToken);
        if (await Task.WhenAny(ticket.Machine.Task, asked) == asked)
        {
            await asked;
        }

        try
        {
            return await ticket.Machine.Task.WaitAsync(_options.ConsoleTimeout, _time, cancellationToken);
        }
        catch (TimeoutException)
        {
            throw new ApiError(503, "Service Unavailable", "The machine's computer did not open the console in time.");
        }
        finally
        {
            // The answer to the question tells nothing more once the machine is here.
            _ = asked.ContinueWith(t => t.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
        }
    }

    private static string? Protocol(ApiContext context) => context.Http.WebSockets.WebSocketRequestedProtocols.Contains("binary") ? "binary" : null;
}
