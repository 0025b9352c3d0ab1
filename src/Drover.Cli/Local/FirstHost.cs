using Drover.Api.Cattle;
using Drover.Cli.Commands.Hosts;
using Drover.Cli.Hosts;
using Drover.Cli.Output;

namespace Drover.Cli.Local;

/// <summary>After the services are ready: hosts that ran before are waited for, and an environment without any gets its first.</summary>
internal static class FirstHost
{
    private static readonly TimeSpan LongestReturn = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LongestCreation = TimeSpan.FromMinutes(30);

    /// <summary>Returns the exit code: 1 when the first host failed.</summary>
    public static async Task<int> EnsureAsync(UpOptions options, InstanceRecord instance, IStepBoard board, CliContext context, CancellationToken cancellationToken)
    {
        using var server = LocalServer.Connect(options.Data, instance, context);
        var environment = await server.EnvironmentAsync(cancellationToken);
        var rows = await new HostDirectory(environment).ListAsync(cancellationToken);
        if (rows.Any(r => r.State != "removing"))
        {
            await AwaitReturnAsync(rows, environment, board, context, cancellationToken);
            return ExitCode.Ok;
        }

        return options.NoHost ? ExitCode.Ok : await CreateAsync(options, environment, board, context, cancellationToken);
    }

    private static async Task<int> CreateAsync(UpOptions options, CattleClient environment, IStepBoard board, CliContext context, CancellationToken cancellationToken)
    {
        var creation = new HostCreation(environment, context.Time);
        var asked = await creation.RequestAsync([options.FirstHostName], options.FirstHost, _ => { }, cancellationToken);
        var ended = await HostCreateCommand.FollowAsync(creation, asked, LongestCreation, board, grouped: true, context, cancellationToken);
        await board.DisposeAsync();
        return HostOutcome.Tell(asked, ended, context);
    }

    /// <summary>A machine that was kept running has its host back as soon as its agent has found the new server.</summary>
    private static async Task AwaitReturnAsync(IReadOnlyList<HostRow> rows, CattleClient environment, IStepBoard board, CliContext context, CancellationToken cancellationToken)
    {
        var away = rows.Where(r => r.Machine?.State == "active" && r.State != "active").ToList();
        if (away.Count == 0)
        {
            return;
        }

        using var limit = new CancellationTokenSource(LongestReturn, context.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        var began = context.Time.GetUtcNow();
        away.ForEach(r => board.Show(new Step("", $"host {r.Name}", StepState.Running, began, null, r.State)));
        try
        {
            await using var changes = new ChangeSignal(environment, context.Time);
            await new HostWait(new HostDirectory(environment), changes, context.Time).UntilAsync(away, r => r is not { Machine.State: "active" } || r.State == "active", Show, either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // Its state in the summary tells; the services are ready all the same.
        }

        void Show(HostRow was, HostRow? now) => board.Show(now?.State == "active"
            ? new Step("", $"host {was.Name}", StepState.Done, began, context.Time.GetUtcNow() - began, "found again")
            : new Step("", $"host {was.Name}", StepState.Running, began, null, now?.State ?? "gone"));
    }
}
