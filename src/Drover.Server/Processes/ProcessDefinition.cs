using System.Text.Json.Nodes;
using Drover.Server.Storage;

namespace Drover.Server.Processes;

/// <summary>What one process does around its handlers. The engine does the rest.</summary>
/// <remarks>Methods run inside the engine's transaction and may run twice: they change rows of <c>db</c> and nothing outside; what is to happen
/// outside goes to <see cref="AppDb.AfterCommit"/>.</remarks>
internal abstract class ProcessDefinition
{
    /// <summary>Such as <c>physicalhost.create</c>: also the event's name.</summary>
    public required string Name { get; init; }

    /// <summary>The resource's type as events name it.</summary>
    public required string ResourceType { get; init; }

    public required string IdLetters { get; init; }

    public required Lifecycle Lifecycle { get; init; }

    /// <summary>The process in the lifecycle table.</summary>
    public string Move => Name[(Name.IndexOf('.', StringComparison.Ordinal) + 1)..];

    /// <summary>What a handler's error, or an own failure, starts. Null: it is tried again instead.</summary>
    public string? ErrorProcess { get; init; }

    /// <summary>After this long the handlers are no longer waited for and the process completes without them. Null: they are waited for.</summary>
    public TimeSpan? GiveUpAfter { get; init; }

    /// <summary>A failure ends the process and returns the resource to the state that it had, with the reason shown. Otherwise it is tried again.</summary>
    public bool ReturnsOnFailure { get; init; }

    /// <summary>After this long without an answer of the handlers the process has failed. Null: they are waited for.</summary>
    public TimeSpan? FailAfter { get; init; }

    /// <summary>How long <see cref="CompleteAsync"/> may wait.</summary>
    public TimeSpan CompletionTimeout { get; init; } = TimeSpan.FromMinutes(10);

    public abstract Task<ResourceRow?> FindAsync(AppDb db, long id, CancellationToken cancellationToken);

    /// <summary>Changes the resource when the process starts, together with its state.</summary>
    public virtual void Starting(ResourceRow row)
    {
    }

    /// <summary>The sentence to wait with while no handler takes part, or null to go on without.</summary>
    public virtual Task<string?> NeedsHandlerAsync(AppDb db, ResourceRow row, CancellationToken cancellationToken) => Task.FromResult<string?>(null);

    /// <summary>What handlers are told beside the resource's id.</summary>
    public virtual JsonObject? EventData(ResourceRow row) => null;

    /// <summary>Whether handlers are to be asked at all.</summary>
    public virtual bool AsksHandlers(ResourceRow row) => true;

    /// <summary>Notes on the resource that a handler is about to be asked.</summary>
    public virtual void Dispatching(ResourceRow row)
    {
    }

    /// <summary>The process's own last step.</summary>
    public virtual Task<Completion> CompleteAsync(AppDb db, ResourceRow row, ProcessRow process, DateTimeOffset now, CancellationToken cancellationToken) =>
        Task.FromResult<Completion>(new Completion.Done());
}

/// <summary>How a process's own last step went.</summary>
internal abstract record Completion
{
    /// <summary>Finished; the lifecycle says the state. <paramref name="Then"/> is a process that starts after <paramref name="Delay"/>.</summary>
    public sealed record Done(string? Then = null, TimeSpan Delay = default) : Completion;

    /// <summary>The next process goes on from here in the same step, without a state between.</summary>
    public sealed record Delegate(string Process) : Completion;

    /// <summary>Not yet. Somebody nudges the engine when it may be.</summary>
    public sealed record Wait(string Message) : Completion;

    public sealed record Failed(string Message) : Completion;
}
