using Microsoft.EntityFrameworkCore;

namespace Drover.Server.Storage;

/// <summary>Troubles of the storage that a caller can be told of.</summary>
internal enum StorageProblem
{
    None,

    /// <summary>Others hold it for too long; try again.</summary>
    Busy,

    /// <summary>The disk is full.</summary>
    Full,

    /// <summary>A value that must be unique is there already.</summary>
    Duplicate,
}

/// <summary>Opens the database of this server. A context lives for one piece of work.</summary>
internal sealed class Database : IDisposable
{
    private const int Tries = 8;
    private readonly DbContextOptions<SqliteDb> _options;
    private readonly Action<string>? _reached;

    public Database(ServerOptions options)
    {
        _options = SqliteDb.OptionsFor(Path.Combine(options.DataDirectory, "server", "drover.db"));
        _reached = options.Reached;
    }

    /// <summary>Gets every row that was added or changed, after its commit. Must be quick and must not throw.</summary>
    public Action<RowChange>? Changed { get; set; }

    /// <summary>Lets go of the file.</summary>
    public void Dispose()
    {
        using var db = new SqliteDb(_options);
        db.Release();
    }

    public AppDb Open() => new SqliteDb(_options) { Reached = _reached, Changed = change => Changed?.Invoke(change) };

    /// <summary>What is wrong with the storage behind an exception, if it is the storage.</summary>
    public static StorageProblem ProblemOf(Exception? exception)
    {
        for (; exception is not null; exception = exception.InnerException)
        {
            if (SqliteDb.ProblemOf(exception) is not StorageProblem.None and var problem)
            {
                return problem;
            }
        }

        return StorageProblem.None;
    }

    /// <summary>Runs <paramref name="work"/> on a fresh context, again when somebody else changed the same row meanwhile.</summary>
    /// <remarks>The work must read what it decides on inside, because it may run several times.</remarks>
    public async Task<T> RunAsync<T>(Func<AppDb, Task<T>> work, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await using var db = Open();
                return await work(db);
            }
            catch (DbUpdateConcurrencyException) when (attempt < Tries && !cancellationToken.IsCancellationRequested)
            {
                // The loser of a race reads again and decides again.
            }
        }
    }

    public Task RunAsync(Func<AppDb, Task> work, CancellationToken cancellationToken) =>
        RunAsync(async db => { await work(db); return true; }, cancellationToken);
}
