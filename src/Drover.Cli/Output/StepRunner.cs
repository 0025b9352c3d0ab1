namespace Drover.Cli.Output;

/// <summary>What a step has to say at its end.</summary>
/// <param name="Skipped">There was nothing to do.</param>
internal sealed record StepResult(string? Note, bool Skipped = false);

/// <summary>Runs local work as steps of a board.</summary>
internal sealed class StepRunner(IStepBoard board, TimeProvider time)
{
    /// <param name="act">Gets a function that replaces the step's note while it runs.</param>
    public async Task RunAsync(string name, Func<Action<string>, Task<StepResult>> act)
    {
        var began = time.GetUtcNow();
        board.Show(new Step("", name, StepState.Running, began, null));
        try
        {
            var result = await act(note => board.Show(new Step("", name, StepState.Running, began, null, note, IsNews: true)));
            board.Show(new Step("", name, result.Skipped ? StepState.Skipped : StepState.Done, began, time.GetUtcNow() - began, result.Note));
        }
        catch
        {
            board.Show(new Step("", name, StepState.Failed, began, time.GetUtcNow() - began));
            throw;
        }
    }
}
