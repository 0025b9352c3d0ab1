using Drover.Server.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;

namespace Drover.Server;

/// <summary>Whether requests can be answered: the start is over, and the database answers.</summary>
internal sealed partial class ServerReadiness(Database database, TimeProvider time, ILogger<ServerReadiness> logger)
{
    /// <summary>Less than the patience of usual probes.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(3);

    private readonly Lock _gate = new();
    private Task _asking = Task.CompletedTask;

    public bool IsReady { get; set; }

    /// <summary>Why not, in a few words; null when they can.</summary>
    public async Task<string?> ProblemAsync()
    {
        if (!IsReady)
        {
            return "starting";
        }

        try
        {
            await AskedAsync().WaitAsync(s_patience, time);
            return null;
        }
        catch (Exception e)
        {
            LogSilent(logger, e);
            return "the database does not answer";
        }
    }

    /// <summary>One question at a time: probes must not pile up behind a disk that hangs.</summary>
    private Task AskedAsync()
    {
        lock (_gate)
        {
            if (_asking.IsCompleted)
            {
                // Beside the request: SQLite answers in the thread that asks.
                _asking = Task.Run(AskAsync);
            }

            return _asking;
        }
    }

    private async Task AskAsync()
    {
        await using var db = database.Open();
        await db.Settings.AnyAsync();
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Not ready: the database does not answer")]
    private static partial void LogSilent(ILogger logger, Exception exception);
}
