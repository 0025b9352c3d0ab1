using Drover.Cli.Output;

namespace Drover.Cli.Hosts;

/// <summary>Tells how the making of hosts ended.</summary>
internal static class HostOutcome
{
    /// <summary>One sentence per host that failed, with its last console lines. Returns the exit code.</summary>
    public static int Tell(IReadOnlyList<HostRow> asked, IReadOnlyList<HostRow?> ended, CliContext context)
    {
        var error = context.Console.Error;
        var failed = 0;
        for (var i = 0; i < asked.Count; i++)
        {
            if (HostCreation.Failure(asked[i], ended[i]) is not { } sentence)
            {
                continue;
            }

            failed++;
            error.WriteLine($"drover: {TextSafety.Line(sentence)}");
            foreach (var line in HostCreation.ConsoleOf(ended[i]))
            {
                error.WriteLine($"  | {TextSafety.Line(line)}");
            }

            if (ended[i] is not null)
            {
                error.WriteLine($"  'drover host console {asked[i].Name}' shows the whole boot log; 'drover host rm {asked[i].Name}' removes it.");
            }
        }

        return failed == 0 ? ExitCode.Ok : ExitCode.Failed;
    }
}
