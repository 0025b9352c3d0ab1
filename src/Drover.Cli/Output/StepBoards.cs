namespace Drover.Cli.Output;

/// <summary>Which board fits where the progress goes.</summary>
internal static class StepBoards
{
    public static IStepBoard For(CliContext context) =>
        context.Console is { ErrorIsTerminal: true, Colour: true } ? new LiveBoard(context.Console.Error, context.Time) : new PlainBoard(context.Console.Error);
}
