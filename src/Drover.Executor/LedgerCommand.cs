using System.Text.Json;
using Drover.Executor.Ledger;
using Drover.Executor.Templates;

namespace Drover.Executor;

/// <summary><c>--ledger</c>: what machines have on this computer and whose it is, for <c>drover doctor</c> and for people.</summary>
internal static class LedgerCommand
{
    /// <summary>Prints a JSON array of <see cref="LedgerEntry"/>. With <c>--repair</c> first clears up what dead executors left, saying so on standard error;
    /// status 1 when something could not be.</summary>
    internal static async Task<int> RunAsync(ExecutorCommandLine command, ExecutorOptions options, TextWriter output, TextWriter error, CancellationToken cancellationToken)
    {
        if (command.StateDirectory is not { } state)
        {
            await error.WriteLineAsync($"--ledger needs --state DIR.\n{ExecutorCommandLine.Usage}");
            return ExecutorHost.Usage;
        }

        var cache = command.CacheDirectory ?? state;
        if (command.Repair)
        {
            new TemplateStore(cache, TimeProvider.System, options.TemplateCacheBytes, options.Reached).Sweep();
            foreach (var sentence in await LedgerSweep.RunAsync(state, options, cancellationToken))
            {
                await error.WriteLineAsync(sentence);
            }
        }

        var entries = Inventory.Of(state, cache);
        await output.WriteLineAsync(JsonSerializer.Serialize(entries, LedgerJson.Default.IReadOnlyListLedgerEntry));
        return command.Repair && entries.Any(entry => entry.State == LedgerState.LeftBehind) ? ExecutorHost.AgentLost : ExecutorHost.Done;
    }
}
