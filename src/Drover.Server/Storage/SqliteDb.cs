using System.Data.Common;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace Drover.Server.Storage;

/// <summary>SQLite in WAL mode: the embedded default. Everything that is SQLite's own is in this file.</summary>
internal sealed class SqliteDb(DbContextOptions<SqliteDb> options) : AppDb(options)
{
    /// <summary>Options for a database file; made once per server.</summary>
    public static DbContextOptions<SqliteDb> OptionsFor(string file) =>
        new DbContextOptionsBuilder<SqliteDb>()
            .UseSqlite($"Data Source={file};Pooling=True")
            .AddInterceptors(new Pragmas())
            .Options;

    /// <summary>Closes the idle connections, so that the file can be moved or deleted.</summary>
    public void Release() => SqliteConnection.ClearPool((SqliteConnection)Database.GetDbConnection());

    /// <summary>SQLite's result codes: 5 BUSY, 6 LOCKED, 13 FULL, 2067 and 1555 unique constraints.</summary>
    public static StorageProblem ProblemOf(Exception exception) => exception switch
    {
        SqliteException { SqliteErrorCode: 5 or 6 } => StorageProblem.Busy,
        SqliteException { SqliteErrorCode: 13 } => StorageProblem.Full,
        SqliteException { SqliteExtendedErrorCode: 2067 or 1555 } => StorageProblem.Duplicate,
        _ => StorageProblem.None,
    };

    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder)
    {
        base.ConfigureConventions(configurationBuilder);

        // SQLite cannot order by DateTimeOffset; ticks in UTC order right and keep every digit.
        configurationBuilder.Properties<DateTimeOffset>().HaveConversion<UtcTicks>();
    }

    private sealed class UtcTicks() : ValueConverter<DateTimeOffset, long>(v => v.UtcTicks, v => new DateTimeOffset(v, TimeSpan.Zero));

    /// <summary>WAL stays on the file; these two belong to each connection.</summary>
    private sealed class Pragmas : DbConnectionInterceptor
    {
        public override void ConnectionOpened(DbConnection connection, ConnectionEndEventData eventData)
        {
            using var command = connection.CreateCommand();
            command.CommandText = "PRAGMA synchronous=NORMAL; PRAGMA busy_timeout=5000;";
            command.ExecuteNonQuery();
        }

        public override Task ConnectionOpenedAsync(DbConnection connection, ConnectionEndEventData eventData, CancellationToken cancellationToken = default)
        {
            ConnectionOpened(connection, eventData);
            return Task.CompletedTask;
        }
    }

    /// <summary>For <c>dotnet ef migrations add NAME -c SqliteDb -o Storage/Migrations</c>; opens nothing.</summary>
    internal sealed class DesignTime : IDesignTimeDbContextFactory<SqliteDb>
    {
        public SqliteDb CreateDbContext(string[] args) => new(OptionsFor("design.db"));
    }
}
