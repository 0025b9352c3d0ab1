using System.CommandLine;
using Drover.Api.Cattle;
using Drover.Cli.Hosts;
using Drover.Cli.Output;

namespace Drover.Cli.Commands.Hosts;

/// <summary><c>drover host create NAME</c>: asks for machines and shows each stage until their hosts are active.</summary>
internal static class HostCreateCommand
{
    private const int MostAtOnce = 1000;

    public static Command Create(CliContext context, SharedOptions shared)
    {
        var name = new Argument<string>("NAME") { Description = "Name of the new host" };
        var count = new Option<int>("--count") { Description = "How many: NAME-1 to NAME-N [default: 1]", HelpName = "N", DefaultValueFactory = _ => 1 };
        count.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && !(int.TryParse(token.Value, out var n) && n is >= 1 and <= MostAtOnce))
            {
                result.AddError($"--count: '{token.Value}' is no number from 1 to {MostAtOnce}.");
            }
        });
        var wait = new Option<bool>("--wait") { Description = "Wait until it is active (the default)" };
        var noWait = new Option<bool>("--no-wait") { Description = "Return as soon as it is asked for" };
        var dryRun = new Option<bool>("--dry-run") { Description = "Only tell where it would fit now; nothing is made" };
        var timeout = SharedOptions.Timeout(TimeSpan.FromMinutes(30));
        var host = new HostOptions();

        var command = new Command("create", "Make a host: a virtual machine with Docker that registers itself")
        {
            name, host.Cpus, host.Memory, host.Disk, host.Image, host.UserData, host.Network, host.StartFrom, host.Display, host.NetworkBytes, host.Labels, host.Constraints,
            host.ExtraDisks, host.Protect, host.DeleteAfter,
            count, dryRun, wait, noWait, timeout, shared.Format, shared.Quiet,
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(wait) && result.GetValue(noWait))
            {
                result.AddError("--wait and --no-wait exclude each other.");
            }
        });
        command.SetAction(async (parsed, token) =>
        {
            using var server = shared.Choose(context, parsed);
            var environment = await server.EnvironmentAsync(token);
            if (parsed.GetValue(dryRun))
            {
                var trial = await environment.CreateAsync("machineTrials", HostTrial.Request(host.Read(parsed), parsed.GetValue(count)), token);
                shared.Print(HostTrial.Listing(trial), context, parsed);
                return HostTrial.Tell(trial, parsed.GetValue(count), context, parsed.GetValue(shared.Quiet));
            }

            var creation = new HostCreation(environment, context.Time);
            var names = HostName.Expand(parsed.GetRequiredValue(name), parsed.GetValue(count));
            var asked = await RequestAsync(creation, names, host.Read(parsed), token);
            if (parsed.GetValue(noWait))
            {
                shared.Print(HostListing.Of(asked, context.Time.GetUtcNow()), context, parsed);
                return ExitCode.Ok;
            }

            var ended = await FollowAsync(creation, asked, parsed.GetValue(timeout), shared.Board(context, parsed), grouped: asked.Count > 1, context, token);
            shared.Print(HostListing.Of(ended.OfType<HostRow>(), context.Time.GetUtcNow()), context, parsed);
            return HostOutcome.Tell(asked, ended, context);
        });
        return command;
    }

    /// <summary>Follows what was asked for; says what goes on when the wait ends early.</summary>
    /// <param name="grouped">The steps carry the host's name, because there are others.</param>
    internal static async Task<IReadOnlyList<HostRow?>> FollowAsync(HostCreation creation, IReadOnlyList<HostRow> asked, TimeSpan timeout, IStepBoard board, bool grouped, CliContext context, CancellationToken token)
    {
        using var limit = new CancellationTokenSource(timeout, context.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, token);
        try
        {
            await using (board)
            {
                return await creation.FollowAsync(asked, board, grouped, either.Token);
            }
        }
        catch (OperationCanceledException) when (either.IsCancellationRequested)
        {
            var names = string.Join(' ', asked.Select(r => r.Name));
            var goesOn = asked.Count == 1 ? $"{names} goes on being made" : "They go on being made";
            throw token.IsCancellationRequested
                ? new CliFailure(ExitCode.Interrupted, $"Interrupted. {goesOn}.", $"'drover wait {asked[0].Name}' waits for it, 'drover host rm {names}' ends it.")
                : new CliFailure(ExitCode.Timeout, $"Not active after {Durations.Display(timeout)}. {goesOn}.", $"'drover host show {asked[0].Name}' tells where it is, 'drover host rm {names}' ends it.");
        }
    }

    private static async Task<IReadOnlyList<HostRow>> RequestAsync(HostCreation creation, IReadOnlyList<string> names, HostSpec spec, CancellationToken token)
    {
        var asked = new List<HostRow>();
        try
        {
            return await creation.RequestAsync(names, spec, asked.Add, token);
        }
        catch (CattleException e) when (asked.Count > 0)
        {
            var failure = CliFailure.From(e);
            throw new CliFailure(failure.ExitCode, $"{names[asked.Count]}: {failure.Message}", $"Asked for before that, and being made: {string.Join(", ", asked.Select(r => r.Name))}.", e);
        }
    }
}
