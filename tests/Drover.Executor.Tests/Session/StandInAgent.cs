using System.Collections.Concurrent;
using System.Net;
using System.Threading.Channels;
using Drover.Mesos;
using Drover.Mesos.V1;
using Drover.Mesos.V1.Executor;
using Google.Protobuf;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Task = System.Threading.Tasks.Task;
using TaskStatus = Drover.Mesos.V1.TaskStatus;

namespace Drover.Executor.Tests.Session;

/// <summary>The executor side of a Mesos agent: one subscription, acknowledgements, and events that the test sends.</summary>
internal sealed class StandInAgent : IAsyncDisposable
{
    /// <summary>Only for what hangs: longer than a machine's whole road under emulation.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    private readonly WebApplication app;
    private readonly Channel<TaskStatus> statuses = Channel.CreateUnbounded<TaskStatus>();
    private readonly ConcurrentDictionary<string, bool> known = new(StringComparer.Ordinal);
    private Channel<Event>? stream;

    private StandInAgent(WebApplication app) => this.app = app;

    /// <summary>Whether updates are acknowledged.</summary>
    internal bool Acknowledges { get; set; } = true;

    internal int Subscriptions { get; private set; }

    internal int Port => new Uri(app.Urls.Single()).Port;

    internal TaskCompletionSource Subscribed { get; private set; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Listens on this port as soon as it is free: a child that is just being started has, for a moment, a copy of the listener that was there before.</summary>
    internal static async Task<StandInAgent> StartAsync(int port, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return await TryStartAsync(port, cancellationToken);
            }
            catch (IOException e) when (port != 0 && e.InnerException is AddressInUseException)
            {
                await Task.Delay(1, cancellationToken);
            }
        }
    }

    private static async Task<StandInAgent> TryStartAsync(int port, CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port));
        var agent = new StandInAgent(builder.Build());
        agent.app.Run(agent.AnswerAsync);
        await agent.app.StartAsync(cancellationToken);
        return agent;
    }

    /// <summary>The variables that an agent gives.</summary>
    internal Dictionary<string, string> Variables(string sandbox) => new(StringComparer.Ordinal)
    {
        ["MESOS_FRAMEWORK_ID"] = "framework",
        ["MESOS_EXECUTOR_ID"] = "task-1",
        ["MESOS_SLAVE_ID"] = "agent",
        ["MESOS_AGENT_ENDPOINT"] = $"127.0.0.1:{Port}",
        ["MESOS_SANDBOX"] = sandbox,
        ["MESOS_CHECKPOINT"] = "1",
        ["MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD"] = "30secs",
    };

    internal ExecutorEnvironment Environment(string sandbox) => ExecutorEnvironment.From(name => Variables(sandbox).GetValueOrDefault(name));

    internal void Launch(byte[] data, string taskId = "task-1") => Send(new Event
    {
        Type = Event.Types.Type.Launch,
        Launch = new Event.Types.Launch
        {
            Task = new TaskInfo { Name = taskId, TaskId = new TaskID { Value = taskId }, AgentId = new AgentID { Value = "agent" }, Data = ByteString.CopyFrom(data) },
        },
    });

    internal void Kill(string taskId = "task-1") =>
        Send(new Event { Type = Event.Types.Type.Kill, Kill = new Event.Types.Kill { TaskId = new TaskID { Value = taskId } } });

    internal void Tell(byte[] data) => Send(new Event { Type = Event.Types.Type.Message, Message = new Event.Types.Message { Data = ByteString.CopyFrom(data) } });

    internal void Shutdown() => Send(new Event { Type = Event.Types.Type.Shutdown });

    /// <summary>The next status that fits; others are passed over. Duplicates by uuid are not seen.</summary>
    internal async Task<TaskStatus> UntilAsync(Func<TaskStatus, bool> fits, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Patience);
        while (true)
        {
            var status = await statuses.Reader.ReadAsync(limit.Token);
            if (fits(status))
            {
                return status;
            }
        }
    }

    internal Task<TaskStatus> UntilAsync(TaskState state, CancellationToken cancellationToken) => UntilAsync(status => status.State == state, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        stream?.Writer.TryComplete();
        await app.DisposeAsync();
    }

    private void Send(Event message) => stream!.Writer.TryWrite(message);

    private async Task AnswerAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        var call = Call.Parser.ParseFrom(body.ToArray());
        switch (call.Type)
        {
            case Call.Types.Type.Subscribe:
                await SubscribeAsync(context, call.Subscribe);
                break;
            case Call.Types.Type.Update:
                context.Response.StatusCode = 202;
                Take(call.Update.Status);
                break;
            default:
                context.Response.StatusCode = 202;
                break;
        }
    }

    private void Take(TaskStatus status)
    {
        if (known.TryAdd(MesosUuid.ToText(status.Uuid), true))
        {
            statuses.Writer.TryWrite(status);
        }

        if (Acknowledges)
        {
            Send(new Event { Type = Event.Types.Type.Acknowledged, Acknowledged = new Event.Types.Acknowledged { TaskId = status.TaskId, Uuid = status.Uuid } });
        }
    }

    private async Task SubscribeAsync(HttpContext context, Call.Types.Subscribe subscribe)
    {
        context.Response.ContentType = "application/x-protobuf";
        var events = stream = Channel.CreateUnbounded<Event>();
        Subscriptions++;
        Send(new Event { Type = Event.Types.Type.Subscribed, Subscribed = Introduction() });
        foreach (var update in subscribe.UnacknowledgedUpdates)
        {
            Take(update.Status);
        }

        Subscribed.TrySetResult();
        try
        {
            await foreach (var message in events.Reader.ReadAllAsync(context.RequestAborted))
            {
                var record = message.ToByteArray();
                await context.Response.Body.WriteAsync(System.Text.Encoding.ASCII.GetBytes($"{record.Length}\n"), context.RequestAborted);
                await context.Response.Body.WriteAsync(record, context.RequestAborted);
                await context.Response.Body.FlushAsync(context.RequestAborted);
            }
        }
        catch (OperationCanceledException)
        {
            // The executor went.
        }
    }

    private static Event.Types.Subscribed Introduction() => new()
    {
        ExecutorInfo = new ExecutorInfo { ExecutorId = new ExecutorID { Value = "task-1" } },
        FrameworkInfo = new FrameworkInfo { User = "root", Name = "drover" },
        AgentInfo = new AgentInfo { Hostname = "here" },
    };
}
