using Spectre.Console;
using Spectre.Console.Rendering;

namespace Drover.Cli.Output;

/// <summary>Steps on a terminal: the running ones count their seconds in place.</summary>
/// <remarks>One loop owns the terminal; <see cref="Show"/> only changes what the next frame draws.</remarks>
internal sealed class LiveBoard : IStepBoard
{
    private static readonly TimeSpan Frame = TimeSpan.FromMilliseconds(100);
    private static readonly string[] Spinner = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

    private readonly Lock _gate = new();
    private readonly List<Step> _steps = [];
    private readonly Queue<string> _sentences = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly TimeProvider _time;
    private readonly Task _drawing;
    private int _tick;
    private bool _ended;

    public LiveBoard(TextWriter output, TimeProvider time)
    {
        _time = time;
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(output), Interactive = InteractionSupport.Yes });
        _drawing = DrawAsync(console);
    }

    public void Show(Step step)
    {
        lock (_gate)
        {
            var known = _steps.FindIndex(s => s.Key == step.Key);
            if (known >= 0)
            {
                _steps[known] = step;
            }
            else
            {
                _steps.Add(step);
            }
        }
    }

    public void Say(string sentence)
    {
        lock (_gate)
        {
            _sentences.Enqueue(sentence);
        }
    }

    /// <summary>Draws the last frame and gives the terminal back. May be called again.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_ended)
        {
            return;
        }

        _ended = true;
        await _stop.CancelAsync();
        await _drawing;
        _stop.Dispose();
    }

    private Task DrawAsync(IAnsiConsole console) =>
        console.Live(new Text("")).Overflow(VerticalOverflow.Ellipsis).StartAsync(async live =>
        {
            for (var last = false; !last;)
            {
                last = _stop.IsCancellationRequested;
                live.UpdateTarget(Render());
                live.Refresh();
                if (!last)
                {
                    await Task.Delay(Frame, _time, _stop.Token).ContinueWith(_ => { }, TaskScheduler.Default);
                }
            }
        });

    private Rows Render()
    {
        lock (_gate)
        {
            _tick++;
            var now = _time.GetUtcNow();
            var lines = new List<IRenderable>(_sentences.Select(s => new Text(TextSafety.Line(s))));
            lines.AddRange(_steps.Select(s => (IRenderable)new Markup(Line(s, now))));
            return new Rows(lines);
        }
    }

    private string Line(Step step, DateTimeOffset now)
    {
        var (mark, colour) = step.State switch
        {
            StepState.Done => ("✓", "green"),
            StepState.Skipped => ("–", "grey"),
            StepState.Failed => ("✗", "red"),
            _ => (Spinner[_tick % Spinner.Length], "blue"),
        };
        var name = Markup.Escape(TextSafety.Line(step.Group.Length == 0 ? step.Name : $"{step.Group} {step.Name}").PadRight(18));
        var took = step.State == StepState.Skipped ? "" : Durations.Display(step.Took ?? now - step.Began);
        var note = step.Note is { Length: > 0 } ? $"  [grey]{Markup.Escape(TextSafety.Line(step.Note))}[/]" : "";
        return $"[{colour}]{mark}[/] {name} {took,9}{note}";
    }
}
