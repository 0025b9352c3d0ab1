namespace Drover.Cli.Output;

/// <summary>Steps as lines of a log: one when a step ends, one when a running step has news, such as what it waits for. <c>boot … done 14.2 s</c></summary>
internal sealed class PlainBoard(TextWriter output) : IStepBoard
{
    private readonly Dictionary<string, string> _printed = new(StringComparer.Ordinal);

    public void Show(Step step)
    {
        var line = Line(step);
        if (line is not null && _printed.GetValueOrDefault(step.Key) != line)
        {
            _printed[step.Key] = line;
            output.WriteLine(line);
        }
    }

    public void Say(string sentence) => output.WriteLine(TextSafety.Line(sentence));

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static string? Line(Step step)
    {
        var name = TextSafety.Line(step.Group.Length == 0 ? step.Name : $"{step.Group} {step.Name}");
        var note = TextSafety.Line(step.Note);
        var time = step.Took is { } took ? $" {Durations.Display(took)}" : "";
        return step.State switch
        {
            StepState.Done => $"{name} … done{time}{(note.Length > 0 ? $" ({note})" : "")}",
            StepState.Skipped => $"{name} … {(note.Length > 0 ? note : "nothing to do")}",
            StepState.Failed => $"{name} … failed{time}{(note.Length > 0 ? $": {note}" : "")}",
            _ when step.IsNews && note.Length > 0 => $"{name} … {note}",
            _ => null,
        };
    }
}
