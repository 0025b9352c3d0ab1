using System.CommandLine;
using Drover.Cli.Connection;
using Drover.Cli.Local;

namespace Drover.Cli.Commands;

/// <summary><c>drover status</c>: of the local instance, or of the server that DROVER_URL or the saved login name.</summary>
internal static class StatusCommand
{
    public static Command Create(CliContext context, SharedOptions shared)
    {
        var command = new Command("status", "What runs: services, hosts, accelerator, versions; exit code 3 when nothing does") { shared.Format, shared.Quiet };
        command.SetAction(async (parsed, token) =>
        {
            var data = parsed.GetValue(shared.Data);
            var remote = data is null && context.Variable("DROVER_DATA") is null
                && (context.Variable("DROVER_URL") is not null || SavedLogin.Read(SavedLogin.FileOf(context)) is not null);
            var report = remote
                ? await StatusReport.OfServerAsync(context, () => shared.Choose(context, parsed), token)
                : await StatusReport.OfFolderAsync(DataFolder.Choose(data, context), context, token);
            report.Write(context, shared.FormatOf(parsed), parsed.GetValue(shared.Quiet));
            return report.ExitCode;
        });
        return command;
    }
}
