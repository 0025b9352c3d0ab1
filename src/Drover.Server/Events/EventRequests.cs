using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Drover.Server.Api.Requests;
using Drover.Server.Processes;
using Drover.Server.Storage;

namespace Drover.Server.Events;

/// <summary>Questions to a handler whose answer somebody waits for at this moment; nothing of them is stored.</summary>
internal sealed class EventRequests(EventHub hub, TimeProvider time)
{
    private readonly ConcurrentDictionary<string, Waiter> _waiters = new(StringComparer.Ordinal);

    /// <summary>Asks the first active handler of <paramref name="process"/>. 503 when there is none or it does not answer in time.</summary>
    public async Task<HandlerReply> AskAsync(AppDb db, string process, string resourceType, string resourceId, JsonObject data, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var handlers = await HandlerCatalog.ActiveAsync(db, process, cancellationToken);
        var handler = handlers.FirstOrDefault(h => hub.HasListener($"{h.EventName};handler={h.Name}"))
            ?? throw Unavailable($"no scheduler is connected (no external handler for {process})");
        var waiter = new Waiter(Guid.NewGuid().ToString());
        var replyTo = ReplyNames.New();
        _waiters[replyTo] = waiter;
        try
        {
            // Before the question is asked: its time counts from then, however quick whoever hears it is.
            var answer = waiter.Reply.Task.WaitAsync(timeout, time, cancellationToken);
            hub.Publish(new EventMessage
            {
                Id = waiter.EventId,
                Name = $"{handler.EventName};handler={handler.Name}",
                ReplyTo = replyTo,
                ResourceType = resourceType,
                ResourceId = resourceId,
                Data = data,
                Time = time.GetUtcNow(),
                TimeoutMillis = (long)timeout.TotalMilliseconds,
            });
            var reply = await answer;
            return reply.Transitioning == "error" ? throw Unavailable(reply.Message ?? "The scheduler could not answer.") : reply;
        }
        catch (TimeoutException)
        {
            throw Unavailable($"The scheduler did not answer within {timeout.TotalSeconds:0.#} seconds.");
        }
        finally
        {
            _waiters.TryRemove(replyTo, out _);
        }
    }

    /// <summary>Hands an answer to who waits for it; false when nobody does.</summary>
    public bool Take(HandlerReply reply)
    {
        if (!_waiters.TryGetValue(reply.Name, out var waiter) || waiter.EventId != reply.EventId)
        {
            return false;
        }

        // Progress only says that the answer is on its way.
        return reply.Transitioning == "yes" || waiter.Reply.TrySetResult(reply);
    }

    private static ApiError Unavailable(string detail) => new(503, "Service Unavailable", detail);

    private sealed class Waiter(string eventId)
    {
        public string EventId { get; } = eventId;

        public TaskCompletionSource<HandlerReply> Reply { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
