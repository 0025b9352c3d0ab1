using System.Text.Json.Nodes;
using Drover.Api.Cattle;
using Drover.Cli.Connection;
using Drover.Cli.Hosts;
using Drover.Cli.Output;

namespace Drover.Cli.Local;

/// <summary>What is known of an instance: one object, with its hosts inside.</summary>
internal sealed class StatusReport
{
    private static readonly string[] Fields = ["id", "name", "state", "url", "pid", "version", "accelerator", "data"];

    private readonly JsonObject _facts;
    private readonly IReadOnlyList<HostRow> _hosts;

    private StatusReport(JsonObject facts, IReadOnlyList<HostRow> hosts, int exitCode)
    {
        _facts = facts;
        _hosts = hosts;
        ExitCode = exitCode;
        facts["hosts"] = new JsonArray([.. hosts.Select(h => new JsonObject { ["id"] = h.Id, ["name"] = h.Name, ["state"] = h.State })]);
    }

    /// <summary>0 when it runs and answers, 3 when it does not run, 5 when it runs and does not answer.</summary>
    public int ExitCode { get; }

    public static async Task<StatusReport> OfFolderAsync(DataFolder data, CliContext context, CancellationToken cancellationToken)
    {
        var processes = new ProcessTable(context.ProcFolder);
        var instance = data.ReadInstance() is { } record && processes.IsAlive(record.Pid, record.StartTime) ? record : null;
        var running = Directory.Exists(data.Path) ? processes.OfInstance(data) : [];
        var facts = new JsonObject { ["id"] = "droverd", ["name"] = "droverd" };
        if (instance is null)
        {
            var starting = processes.DaemonOf(data);
            facts["state"] = starting is null ? "not running" : "starting";
            facts["pid"] = starting?.Pid;
            AddLocal(facts, data, running, context);
            return new StatusReport(facts, [], starting is null ? Cli.ExitCode.NotRunning : Cli.ExitCode.Unreachable);
        }

        IReadOnlyList<HostRow> hosts = [];
        var state = "running";
        try
        {
            using var server = LocalServer.Connect(data, instance, context);
            hosts = await new HostDirectory(await server.EnvironmentAsync(cancellationToken)).ListAsync(cancellationToken);
        }
        catch (Exception e) when (e is CattleException or CliFailure)
        {
            state = "not answering";
            facts["problem"] = e.Message;
        }

        facts["state"] = state;
        facts["url"] = instance.Url.GetLeftPart(UriPartial.Authority);
        facts["pid"] = instance.Pid;
        facts["version"] = instance.Version;
        facts["accelerator"] = Accelerator(hosts) ?? instance.Accelerator;
        facts["acceleratorReason"] = hosts.Select(h => h.Machine?.Text("acceleratorReason")).FirstOrDefault(r => r is not null);
        AddLocal(facts, data, running, context);
        return new StatusReport(facts, hosts, state == "running" ? Cli.ExitCode.Ok : Cli.ExitCode.Unreachable);
    }

    public static async Task<StatusReport> OfServerAsync(CliContext context, Func<Server> choose, CancellationToken cancellationToken)
    {
        using var server = choose();
        var environment = await server.EnvironmentAsync(cancellationToken);
        var hosts = await new HostDirectory(environment).ListAsync(cancellationToken);
        var facts = new JsonObject
        {
            ["id"] = server.Choice.Url.Authority,
            ["name"] = server.Choice.Url.Authority,
            ["state"] = "running",
            ["url"] = server.Choice.Url.AbsoluteUri.TrimEnd('/'),
            ["chosenBy"] = server.Choice.Origin,
            ["accelerator"] = Accelerator(hosts),
        };
        return new StatusReport(facts, hosts, Cli.ExitCode.Ok);
    }

    public void Write(CliContext context, OutputFormat format, bool quiet)
    {
        if (format != OutputFormat.Table || quiet)
        {
            ListingWriter.Write(new Listing([_facts], [], Fields), format, quiet, context.Console);
            return;
        }

        var output = context.Console.Out;
        (string Label, string? Value)[] lines =
        [
            ("State", _facts.Text("state")),
            ("Problem", _facts.Text("problem")),
            ("Page", _facts.Text("url")),
            ("Chosen by", _facts.Text("chosenBy")),
            ("Process", _facts.Text("pid")),
            ("Version", _facts.Text("version")),
            ("Accelerator", _facts.Text("acceleratorReason") is { } why ? $"{_facts.Text("accelerator")} ({why})" : _facts.Text("accelerator")),
            ("QEMU", _facts.Text("qemu")),
            ("Machines", _facts["machines"] is { } machines && _facts.Text("state") == "not running" ? $"{machines} still run; '{context.Called} up' finds them again, '{context.Called} down' ends them" : null),
            ("Data", _facts.Text("data")),
            ("Log", _facts.Text("log")),
            ("Programs", _facts.Text("programs")),
        ];
        foreach (var (label, value) in lines.Where(l => !string.IsNullOrEmpty(l.Value)))
        {
            var text = TextSafety.Line(value);
            output.WriteLine($"{label + ":",-13} {(label == "State" && context.Console is { OutIsTerminal: true, Colour: true } ? Ansi.State(text) : text)}");
        }

        if (_hosts.Count > 0)
        {
            output.WriteLine();
            ListingWriter.Write(HostListing.Of(_hosts, context.Time.GetUtcNow()), OutputFormat.Table, quiet: false, context.Console);
        }

        output.Flush();
    }

    private static void AddLocal(JsonObject facts, DataFolder data, IReadOnlyList<RunningProcess> running, CliContext context)
    {
        var executors = running.Count(p => p.Program == "drover-executor");
        facts["machines"] = executors > 0 ? executors : null;
        facts["qemu"] = Tools.Find(Tools.Qemu, context);
        facts["data"] = data.Path;
        facts["log"] = File.Exists(data.LogFile) ? data.LogFile : null;
        facts["programs"] = context.ProgramFolder;
    }

    /// <summary>What machines really run with; differs from what was asked when that was <c>auto</c>.</summary>
    private static string? Accelerator(IReadOnlyList<HostRow> hosts) =>
        hosts.Select(h => h.Machine?.Text("accelerator")).OfType<string>().Distinct(StringComparer.Ordinal).ToList() is { Count: > 0 } used ? string.Join(", ", used) : null;
}
