using System.CommandLine;
using Drover.Cli.Doctor;
using Drover.Cli.Local;
using Drover.Cli.Output;

namespace Drover.Cli.Commands;

/// <summary><c>drover doctor</c>: what is wrong with the instance on this computer, and what machines have here.</summary>
internal static class DoctorCommand
{
    public static Command Create(CliContext context, SharedOptions shared)
    {
        var repair = new Option<bool>("--repair") { Description = "Clear up what dead executors left behind; touches nothing that has an owner" };
        var command = new Command("doctor", "Check the instance on this computer; exit code 1 when there is a problem") { repair, shared.Format, shared.Quiet };
        command.SetAction(async (parsed, token) =>
        {
            var data = DataFolder.Choose(parsed.GetValue(shared.Data), context);
            var findings = await new Examination(data, parsed.GetValue(repair), context).RunAsync(token);
            Column[] columns = [Column.Of("CHECK", "name"), Column.Of("STATE", "state", ColumnKind.State), Column.Of("FOUND", "detail"), Column.Of("WHAT TO DO", "advice")];
            shared.Print(new Listing([.. findings.Select((finding, at) => finding.ToRow(at + 1))], columns, ["id", "name", "state", "detail", "advice"]), context, parsed);
            return findings.Any(f => f.State == FindingState.Problem) ? ExitCode.Failed : ExitCode.Ok;
        });
        command.Add(Ledger(context, shared));
        return command;
    }

    private static Command Ledger(CliContext context, SharedOptions shared)
    {
        var command = new Command("ledger", "List every process, disk, socket, network and image that machines have on this computer, with its owner") { shared.Format, shared.Quiet };
        command.SetAction(async (parsed, token) =>
        {
            var ledger = await LocalLedger.ReadAsync(DataFolder.Choose(parsed.GetValue(shared.Data), context), repair: false, context, token);
            var rows = ledger.Entries.ToList();
            for (var at = 0; at < rows.Count; at++)
            {
                rows[at]["id"] = at + 1;
            }

            Column[] columns = [Column.Of("KIND", "kind"), Column.Of("NAME", "name"), Column.Of("OWNER", "owner"), Column.Of("STATE", "state", ColumnKind.State), Column.Of("DETAIL", "detail")];
            shared.Print(new Listing(rows, columns, ["id", "kind", "name", "owner", "machineId", "state", "detail", "path"]) { WhenEmpty = "Machines have nothing on this computer." }, context, parsed);
            return ExitCode.Ok;
        });
        return command;
    }
}
