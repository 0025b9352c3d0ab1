using System.Globalization;
using Drover.Server.Storage;

namespace Drover.Server.Processes;

/// <summary>A handler that takes part in a process now.</summary>
internal sealed record HandlerView(long Id, string Name, int Priority, int? Retries, long? TimeoutMillis, string? EventName, string? OnError);

/// <summary>What is to be done about a process's handlers.</summary>
internal abstract record DispatchStep
{
    /// <summary>A new event to <paramref name="Handler"/>, with a new id.</summary>
    public sealed record Send(HandlerView Handler) : DispatchStep;

    /// <summary>The same event once more, with the same id.</summary>
    public sealed record SendAgain : DispatchStep;

    /// <summary>Nobody answered: call all handlers again, with new ids, after a while.</summary>
    public sealed record StartOver(TimeSpan After) : DispatchStep;

    /// <summary>The handler that was asked is gone: call who is there now.</summary>
    public sealed record AskOthers : DispatchStep;

    /// <summary>Nothing before the deadline.</summary>
    public sealed record KeepWaiting : DispatchStep;

    public sealed record AllAnswered : DispatchStep;
}

/// <summary>Decides, without I/O, about the handlers of a process: order, retries with the same id, new runs with a new one (cattle-api §2.5).</summary>
internal static class HandlerDispatch
{
    private static readonly TimeSpan MaxBackoff = TimeSpan.FromSeconds(120);

    /// <param name="process">In phase <see cref="Phases.Handlers"/> or <see cref="Phases.Waiting"/>.</param>
    /// <param name="handlers">Active ones by priority.</param>
    /// <param name="now">The present.</param>
    /// <param name="nudged">A subscriber for the outstanding event has just come back.</param>
    public static DispatchStep Decide(ProcessRow process, IReadOnlyList<HandlerView> handlers, DateTimeOffset now, bool nudged = false)
    {
        if (process.Phase == Phases.Handlers)
        {
            var next = handlers.FirstOrDefault(h => !HasAnswered(process, h.Id));
            return next is null ? new DispatchStep.AllAnswered() : new DispatchStep.Send(next);
        }

        var asked = handlers.FirstOrDefault(h => h.Id == process.HandlerId);
        if (asked is null)
        {
            return new DispatchStep.AskOthers();
        }

        if (nudged)
        {
            return new DispatchStep.SendAgain();
        }

        if (now < process.DueAt)
        {
            return new DispatchStep.KeepWaiting();
        }

        return process.Attempt < (asked.Retries ?? 1) ? new DispatchStep.SendAgain() : new DispatchStep.StartOver(Backoff(process.Runs));
    }

    public static bool HasAnswered(ProcessRow process, long handlerId) =>
        process.HandlersDone.Contains(string.Create(CultureInfo.InvariantCulture, $",{handlerId},"), StringComparison.Ordinal);

    public static string MarkAnswered(string done, long handlerId) => string.Create(CultureInfo.InvariantCulture, $"{done}{handlerId},");

    /// <summary>2 s + 0.1·2^(n−1) s, at most 120 s.</summary>
    public static TimeSpan Backoff(int run)
    {
        var seconds = 2 + (0.1 * Math.Pow(2, Math.Clamp(run, 1, 30) - 1));
        return seconds >= MaxBackoff.TotalSeconds ? MaxBackoff : TimeSpan.FromSeconds(seconds);
    }
}
