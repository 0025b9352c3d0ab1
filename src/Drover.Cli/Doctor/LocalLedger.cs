using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Drover.Cli.Local;
using Drover.Cli.Output;

namespace Drover.Cli.Doctor;

/// <summary>What the machines of an instance have on this computer, as the executor's program lists it.</summary>
/// <param name="Entries">Objects with <c>kind</c>, <c>name</c>, <c>owner</c>, <c>machineId</c>, <c>state</c> and <c>detail</c>.</param>
/// <param name="Said">What a repair did, or could not do, a sentence each.</param>
internal sealed record LocalLedger(IReadOnlyList<JsonObject> Entries, IReadOnlyList<string> Said)
{
    public const string LeftBehind = "left behind";
    public const string Unrecorded = "unrecorded";

    /// <summary>Clears up what dead executors left, if there is anything, and tells what it did. Whatever goes wrong is told and nothing more: a doctor can look later.</summary>
    public static async Task ClearUpAsync(DataFolder data, Action<string> say, CliContext context, CancellationToken cancellationToken)
    {
        var records = Path.Combine(data.MachinesFolder, "ledger");
        if (!Directory.Exists(records) || !Directory.EnumerateFiles(records).Any())
        {
            return;
        }

        try
        {
            foreach (var sentence in (await ReadAsync(data, repair: true, context, cancellationToken)).Said)
            {
                say(sentence);
            }
        }
        catch (Exception e) when (e is CliFailure or IOException or System.ComponentModel.Win32Exception)
        {
            say($"What dead machines left could not be looked at: {e.Message} '{context.Called} doctor' tells more.");
        }
    }

    /// <param name="repair">First clear up what dead executors left.</param>
    /// <exception cref="CliFailure">The program is missing or failed.</exception>
    public static async Task<LocalLedger> ReadAsync(DataFolder data, bool repair, CliContext context, CancellationToken cancellationToken)
    {
        var program = Path.Combine(context.ProgramFolder, "drover-executor");
        if (!File.Exists(program))
        {
            throw new CliFailure(ExitCode.Failed, $"{context.ProgramFolder} lacks drover-executor.", "Run ./drover in a checkout: it builds it.");
        }

        string[] arguments = ["--ledger", "--state", data.MachinesFolder, .. UpMemory.CacheOf(data) is { } cache ? new[] { "--cache", cache } : []];
        var start = new ProcessStartInfo(program, repair ? [.. arguments, "--repair"] : arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start) ?? throw new CliFailure(ExitCode.Failed, $"{program} could not be started.");
        var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
        var error = process.StandardError.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        var said = (await error).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        try
        {
            if (JsonNode.Parse(await output) is JsonArray entries)
            {
                return new LocalLedger([.. entries.OfType<JsonObject>()], said);
            }
        }
        catch (JsonException)
        {
        }

        throw new CliFailure(ExitCode.Failed, $"{program} --ledger ended with {process.ExitCode}:", said.Length == 0 ? "(no words)" : TextSafety.Console(string.Join('\n', said)));
    }
}
