using Drover.Api.Cattle;
using Drover.Cli.Hosts;
using Drover.Cli.Output;

namespace Drover.Cli.Containers;

/// <summary>Watches a container that is being made until it is there, and shows the steps.</summary>
internal sealed class ContainerMaking(CattleClient environment, IStepBoard board, TimeProvider time)
{
    /// <returns>The container, made.</returns>
    /// <exception cref="CliFailure">It could not be made; its reason.</exception>
    public async Task<CattleResource> UntilMadeAsync(CattleResource container, CancellationToken cancellationToken)
    {
        await using var changes = new ChangeSignal(environment, time);
        var (began, step, name) = (time.GetUtcNow(), (Step?)null, container.Name ?? container.Id);
        while (true)
        {
            var now = await environment.GetAsync("containers", container.Id, cancellationToken) ?? throw new CliFailure(ExitCode.NotFound, $"{name} was removed.");
            if (now.State is "removed")
            {
                throw new CliFailure(ExitCode.Failed, $"{name} was removed before it was there.");
            }

            if (now.State is "creating" or "starting")
            {
                step = new Step("", name, StepState.Running, began, null, now.Text("transitioningMessage"), IsNews: true);
                board.Show(step);
                await changes.WaitAsync(cancellationToken);
                continue;
            }

            var failed = now.State == "error" && now.Transitioning == "error";
            if (step is not null || failed)
            {
                board.Show(new Step("", name, failed ? StepState.Failed : StepState.Done, began, time.GetUtcNow() - began, now.Text("transitioningMessage")));
            }

            return failed
                ? throw new CliFailure(ExitCode.Failed, $"{name} could not be made: {now.Text("transitioningMessage")}", $"It stays in 'drover ps --all'; 'drover start {name}' tries again, 'drover rm {name}' removes it.")
                : now;
        }
    }
}
