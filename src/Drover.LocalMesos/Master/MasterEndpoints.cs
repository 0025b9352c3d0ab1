using Drover.LocalMesos.Wire;
using Google.Protobuf;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using MasterCall = Drover.Mesos.V1.Master.Call;
using SchedulerCall = Drover.Mesos.V1.Scheduler.Call;

namespace Drover.LocalMesos;

/// <summary>The master's routes. Every state is behind the mailbox.</summary>
internal sealed class MasterEndpoints(LocalCredentials? credentials, Mailbox mailbox, MasterParts parts, CancellationToken stopping)
{
    /// <summary>Header that names an agent's session.</summary>
    public const string LinkSessionHeader = "Drover-Link-Session";

    public void Map(WebApplication app)
    {
        app.Map("/api/v1/scheduler", (RequestDelegate)SchedulerAsync);
        app.Map("/master/api/v1/scheduler", (RequestDelegate)SchedulerAsync);
        app.Map("/api/v1", (RequestDelegate)OperatorAsync);
        app.Map("/master/api/v1", (RequestDelegate)OperatorAsync);
        app.Map("/link", (RequestDelegate)LinkAsync);
        app.MapGet("/redirect", (RequestDelegate)Redirect);
        app.MapGet("/master/redirect", (RequestDelegate)Redirect);
        app.MapGet("/health", (RequestDelegate)(_ => Task.CompletedTask));
        app.MapGet("/version", (RequestDelegate)(http =>
        {
            http.Response.ContentType = "application/json";
            return http.Response.WriteAsync($$"""{"version":"{{MasterDescription.ApiVersion}}","git_tag":"drover-local"}""", http.RequestAborted);
        }));
    }

    private async Task SchedulerAsync(HttpContext http)
    {
        if (await CallReader.ReadAsync(http, SchedulerCall.Parser, credentials, "mesos-master-scheduler") is not { } call)
        {
            return;
        }

        if (SchedulerCalls.Malformed(call) is { } malformed)
        {
            await CallReader.RefuseAsync(http, malformed.Status, malformed.Reason);
            return;
        }

        if (call.Type == SchedulerCall.Types.Type.Subscribe && !await CallReader.AcceptsAsync(http))
        {
            return;
        }

        await AnswerAsync(http, MesosHttp.StreamIdHeader, streamId => parts.Scheduler.Handle(call, streamId), parts.Subscriptions.StreamEnded);
    }

    private async Task LinkAsync(HttpContext http)
    {
        if (await CallReader.ReadAsync(http, AgentCall.Parser, credentials, "drover-link") is { } call)
        {
            await AnswerAsync(http, LinkSessionHeader, session => parts.Agents.Handle(call, session), parts.Liveness.StreamEnded);
        }
    }

    private async Task OperatorAsync(HttpContext http)
    {
        if (await CallReader.ReadAsync(http, MasterCall.Parser, credentials, "mesos-master-readwrite") is not { } call || !await CallReader.AcceptsAsync(http))
        {
            return;
        }

        try
        {
            // Written on the mailbox' thread: the answer holds live messages.
            var (body, result) = await mailbox.AskAsync(() =>
            {
                var (response, outcome) = parts.Operator.Handle(call);
                return (response?.ToByteArray(), outcome);
            });
            if (body is null)
            {
                await CallReader.RefuseAsync(http, result.Status, result.Reason);
                return;
            }

            http.Response.ContentType = MesosHttp.Protobuf;
            await http.Response.Body.WriteAsync(body, http.RequestAborted);
        }
        catch (Exception e) when (e is ObjectDisposedException or CheckpointException)
        {
            http.Abort();
        }
    }

    private async Task AnswerAsync(HttpContext http, string sessionHeader, Func<string?, CallResult> handle, Action<string> streamEnded)
    {
        var session = http.Request.Headers.TryGetValue(sessionHeader, out var values) ? values.ToString() : null;
        CallResult result;
        try
        {
            result = await mailbox.AskAsync(() => handle(session));
        }
        catch (Exception e) when (e is ObjectDisposedException or CheckpointException)
        {
            // The state is gone: no answer, as from a killed process.
            http.Abort();
            return;
        }

        if (result.Stream is null)
        {
            await (result.Status == StatusCodes.Status202Accepted ? AcceptedAsync(http) : CallReader.RefuseAsync(http, result.Status, result.Reason));
            return;
        }

        http.Response.Headers[sessionHeader] = result.StreamId;
        try
        {
            await result.Stream.ServeAsync(http, stopping);
        }
        finally
        {
            mailbox.Post(() => streamEnded(result.StreamId!));
        }
    }

    private static Task AcceptedAsync(HttpContext http)
    {
        http.Response.StatusCode = StatusCodes.Status202Accepted;
        return Task.CompletedTask;
    }

    private static Task Redirect(HttpContext http)
    {
        // Scheme-relative, as Mesos does it.
        http.Response.StatusCode = StatusCodes.Status307TemporaryRedirect;
        http.Response.Headers.Location = $"//{http.Connection.LocalIpAddress}:{http.Connection.LocalPort}";
        return Task.CompletedTask;
    }
}

/// <summary>The parts that routes lead to.</summary>
internal sealed record MasterParts(
    SchedulerCalls Scheduler, Subscriptions Subscriptions, AgentCalls Agents, AgentLiveness Liveness, Allocator Allocator, OperatorCalls Operator);
