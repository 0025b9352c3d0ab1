using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Drover.Api;
using Drover.Cli.Hosts;
using Drover.Cli.Output;

namespace Drover.Cli.Commands.Hosts;

/// <summary><c>drover host stop|start|reboot|resize|limit</c>: what is done with a machine that is there.</summary>
internal static class HostOrderCommands
{
    public static IEnumerable<Command> Create(CliContext context, SharedOptions shared)
    {
        yield return Power("stop", "Switch hosts off; their disks and what they hold of the cluster stay", "stop", force: true, context, shared);
        yield return Power("start", "Switch stopped hosts on", "start", force: false, context, shared);
        yield return Power("reboot", "Switch hosts off and on; their disks stay", "reboot", force: true, context, shared);
        yield return Resize(context, shared);
        yield return Limit(context, shared);
    }

    /// <summary>Asks, waits, prints the hosts; one sentence for each that failed.</summary>
    internal static async Task<int> RunAsync(string[] names, string verb, JsonObject input, bool wait, TimeSpan timeout, CliContext context, SharedOptions shared, ParseResult parsed, CancellationToken token,
        Func<IEnumerable<HostRow>, Listing>? listing = null)
    {
        using var server = shared.Choose(context, parsed);
        var environment = await server.EnvironmentAsync(token);
        var rows = await new HostDirectory(environment).ResolveAsync(names, token);
        var order = new HostOrder(environment, context.Time);
        var asked = new List<HostRow>();
        foreach (var row in rows)
        {
            asked.Add(await order.AskAsync(row, verb, input, token));
        }

        IReadOnlyList<HostRow?> ended = asked;
        if (wait)
        {
            using var limit = new CancellationTokenSource(timeout, context.Time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, token);
            try
            {
                await using var board = shared.Board(context, parsed);
                ended = await order.WaitAsync(asked, verb, board, either.Token);
            }
            catch (OperationCanceledException) when (limit.IsCancellationRequested && !token.IsCancellationRequested)
            {
                throw new CliFailure(ExitCode.Timeout, $"Not done after {Durations.Display(timeout)}; it goes on.", $"'drover host show {asked[0].Name}' tells how far it is.");
            }
        }

        shared.Print(listing?.Invoke(ended.OfType<HostRow>()) ?? HostListing.Of(ended.OfType<HostRow>(), context.Time.GetUtcNow()), context, parsed);
        var failures = wait ? asked.Zip(ended, HostOrder.Failure).OfType<string>().ToList() : [];
        foreach (var failure in failures)
        {
            context.Console.Error.WriteLine($"drover: {TextSafety.Line(failure)}");
        }

        return failures.Count == 0 ? ExitCode.Ok : ExitCode.Failed;
    }

    private static Command Power(string name, string description, string verb, bool force, CliContext context, SharedOptions shared)
    {
        var names = SharedOptions.HostsArgument(context, shared);
        var hard = new Option<bool>("--force") { Description = "Do not ask the guest: what it has not written to its disk is lost" };
        var waiting = new Waiting();
        var command = new Command(name, description) { names };
        if (force)
        {
            command.Options.Add(hard);
        }

        waiting.AddTo(command, shared);
        command.SetAction((parsed, token) => RunAsync(
            parsed.GetRequiredValue(names), verb, force && parsed.GetValue(hard) ? new JsonObject { ["force"] = true } : [],
            waiting.Waits(parsed), waiting.Time(parsed), context, shared, parsed, token));
        return command;
    }

    private static Command Resize(CliContext context, SharedOptions shared)
    {
        var name = SharedOptions.HostArgument(context, shared);
        var cpus = new Option<double?>("--cpus") { Description = "New number of CPUs, such as 2 or 0.5", HelpName = "N" };
        var memory = new Option<string?>("--memory") { Description = "New memory, such as 2GiB", HelpName = "SIZE" };
        memory.Validators.Add(result => RequireSize(result, "--memory"));
        var disk = new Option<string?>("--disk") { Description = "The disk's new size, such as 40GiB; it can only grow, and the host goes on meanwhile", HelpName = "SIZE" };
        disk.Validators.Add(result => RequireSize(result, "--disk"));
        var waiting = new Waiting();
        var command = new Command("resize", "Give a host other CPUs and memory: it shuts down and starts again with its disk, on the same agent machine; or make its disk larger") { name, cpus, memory, disk };
        waiting.AddTo(command, shared);
        command.Validators.Add(result =>
        {
            var ofTask = result.GetValue(cpus) is not null || result.GetValue(memory) is not null;
            if (ofTask == (result.GetValue(disk) is not null))
            {
                result.AddError("Say the new size with --cpus and --memory, or --disk by itself.");
            }
        });
        command.SetAction((parsed, token) =>
        {
            var input = new JsonObject();
            if (parsed.GetValue(cpus) is { } number)
            {
                input["cpus"] = number;
            }

            foreach (var (field, option) in new[] { ("memory", memory), ("disk", disk) })
            {
                if (parsed.GetValue(option) is { } size)
                {
                    input[field] = size;
                }
            }

            return RunAsync([parsed.GetRequiredValue(name)], "resize", input, waiting.Waits(parsed), waiting.Time(parsed), context, shared, parsed, token);
        });
        return command;
    }

    private static Command Limit(CliContext context, SharedOptions shared)
    {
        var name = SharedOptions.HostArgument(context, shared);
        var bytes = new Option<string?>("--disk-bytes") { Description = "Bytes per second of its disk, such as 50MiB", HelpName = "SIZE" };
        bytes.Validators.Add(result => RequireSize(result, "--disk-bytes"));
        var operations = new Option<int?>("--disk-operations") { Description = "Requests per second of its disk", HelpName = "N" };
        var network = new Option<string?>("--network-bytes") { Description = "Bytes per second of its network, each way, such as 10MiB; not in the network user", HelpName = "SIZE" };
        network.Validators.Add(result => RequireSize(result, "--network-bytes"));
        var none = new Option<bool>("--none") { Description = "No limits" };
        var waiting = new Waiting();
        var command = new Command("limit", "Limit what a running host may do with its disk and network; what is not named is not limited") { name, bytes, operations, network, none };
        waiting.AddTo(command, shared);
        command.Validators.Add(result =>
        {
            if (result.GetValue(none) == (result.GetValue(bytes) is not null || result.GetValue(operations) is not null || result.GetValue(network) is not null))
            {
                result.AddError("Say the limits with --disk-bytes, --disk-operations and --network-bytes, or --none.");
            }
        });
        command.SetAction((parsed, token) =>
        {
            var input = new JsonObject();
            if (parsed.GetValue(bytes) is { } rate)
            {
                input["diskBytes"] = rate;
            }

            if (parsed.GetValue(operations) is { } number)
            {
                input["diskOperations"] = number;
            }

            if (parsed.GetValue(network) is { } both)
            {
                input["networkBytes"] = both;
            }

            return RunAsync([parsed.GetRequiredValue(name)], "limit", input, waiting.Waits(parsed), waiting.Time(parsed), context, shared, parsed, token);
        });
        return command;
    }

    private static void RequireSize(System.CommandLine.Parsing.OptionResult result, string name)
    {
        if (result.Tokens is [var token] && (!ByteSize.TryParse(token.Value, out var size) || size.Bytes == 0))
        {
            result.AddError(string.Create(CultureInfo.InvariantCulture, $"{name}: '{token.Value}' is no size such as 512MiB or 40GiB."));
        }
    }
}

/// <summary>The options of commands that wait by themselves.</summary>
internal sealed class Waiting
{
    private readonly Option<bool> _noWait = new("--no-wait") { Description = "Return as soon as it is asked for" };
    private readonly Option<TimeSpan> _timeout = SharedOptions.Timeout(TimeSpan.FromMinutes(20));

    public void AddTo(Command command, SharedOptions shared)
    {
        foreach (var option in new Option[] { _noWait, _timeout, shared.Format, shared.Quiet })
        {
            command.Options.Add(option);
        }
    }

    public bool Waits(ParseResult parsed) => !parsed.GetValue(_noWait);

    public TimeSpan Time(ParseResult parsed) => parsed.GetValue(_timeout);
}
