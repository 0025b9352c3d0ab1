namespace Drover.Cli.Output;

internal enum StepState
{
    Running,
    Done,
    Skipped,
    Failed,
}

/// <summary>One step of something long, as it stands now.</summary>
/// <param name="Group">Whose step: a machine's name when several are made at once; empty otherwise.</param>
/// <param name="Began">When it began, by the clock of whoever does it.</param>
/// <param name="Took">Null while it runs.</param>
/// <param name="Note">What it says of itself, why it waits, or why it failed.</param>
/// <param name="IsNews">The note of a running step is worth a line of a log, not only a place on a screen.</param>
internal sealed record Step(string Group, string Name, StepState State, DateTimeOffset Began, TimeSpan? Took, string? Note = null, bool IsNews = false)
{
    public string Key => $"{Group}\n{Name}";
}

/// <summary>Shows steps while they happen.</summary>
internal interface IStepBoard : IAsyncDisposable
{
    /// <summary>Adds a step or replaces what was known of it. Showing the same thing twice changes nothing.</summary>
    void Show(Step step);

    /// <summary>A sentence above the steps.</summary>
    void Say(string sentence);
}

/// <summary>With <c>--quiet</c>: nothing.</summary>
internal sealed class SilentBoard : IStepBoard
{
    public void Show(Step step)
    {
    }

    public void Say(string sentence)
    {
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
