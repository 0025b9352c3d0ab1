using System.Collections.Concurrent;

namespace Drover.Server.Processes;

/// <summary>How the processes of this server fare since it started: counts for metrics, in memory. Only what is stored is counted.</summary>
internal sealed class ProcessTally
{
    private readonly ConcurrentDictionary<(string Process, string Outcome), long> _ended = new();
    private readonly ConcurrentDictionary<string, long> _failures = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, long> _retries = new(StringComparer.Ordinal);
    private long _stepErrors;

    public ProcessTally(ProcessCatalog catalog)
    {
        // What has not happened yet is 0 and not absent: an alert on a rise must see the first one.
        foreach (var process in catalog.Names)
        {
            _failures[process] = _retries[process] = 0;
            foreach (var outcome in (string[])[ExitReasons.Done, ExitReasons.Error, ExitReasons.Cancelled])
            {
                _ended[(process, outcome)] = 0;
            }
        }
    }

    /// <summary>By process and exit reason.</summary>
    public IEnumerable<KeyValuePair<(string Process, string Outcome), long>> Ends => _ended;

    /// <summary>Times that a process failed, be it for good or to start over.</summary>
    public IEnumerable<KeyValuePair<string, long>> Failures => _failures;

    /// <summary>Times that the handlers were called anew.</summary>
    public IEnumerable<KeyValuePair<string, long>> Retries => _retries;

    /// <summary>Steps that threw, which is a fault of the server or its storage.</summary>
    public long StepErrors => Interlocked.Read(ref _stepErrors);

    public void Ended(string process, string exitReason) => _ended.AddOrUpdate((process, exitReason), 1, (_, count) => count + 1);

    public void Failed(string process) => _failures.AddOrUpdate(process, 1, (_, count) => count + 1);

    public void Retried(string process) => _retries.AddOrUpdate(process, 1, (_, count) => count + 1);

    public void StepThrew() => Interlocked.Increment(ref _stepErrors);
}
