using Microsoft.Data.Sqlite;

namespace Drover.LocalMesos;

/// <summary>One SQLite file (WAL), written by one thread.</summary>
/// <remarks>Commits reach the kernel before a method returns, so they outlive a killed process; a power cut may lose the last of them,
/// but then every executor is gone too.</remarks>
internal sealed class CheckpointFile : IDisposable
{
    private readonly SqliteConnection _connection;
    private readonly Action<string>? _reached;

    /// <param name="path">Created with its folder when missing.</param>
    /// <param name="schema">Statements that may run on every start.</param>
    /// <param name="reached">Called as <c>STEP:before</c> and <c>STEP:after</c> around every write; tests end the process' life there by throwing.</param>
    public CheckpointFile(string path, string schema, Action<string>? reached)
    {
        _reached = reached;
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        _connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false }.ToString());
        _connection.Open();
        Execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA busy_timeout=5000;");
        Execute(schema);
    }

    /// <summary>Runs statements as one transaction.</summary>
    /// <exception cref="CheckpointException">Nothing was written, or the hook threw.</exception>
    public void Write(string step, params ReadOnlySpan<(string Sql, object?[] Values)> statements)
    {
        try
        {
            _reached?.Invoke($"{step}:before");
            using (var transaction = _connection.BeginTransaction())
            {
                foreach (var (sql, values) in statements)
                {
                    using var command = Command(sql, values);
                    command.Transaction = transaction;
                    command.ExecuteNonQuery();
                }

                transaction.Commit();
            }

            _reached?.Invoke($"{step}:after");
        }
        catch (Exception e)
        {
            throw new CheckpointException(step, e);
        }
    }

    public List<T> Read<T>(string sql, Func<SqliteDataReader, T> row)
    {
        using var command = Command(sql, []);
        using var reader = command.ExecuteReader();
        var rows = new List<T>();
        while (reader.Read())
        {
            rows.Add(row(reader));
        }

        return rows;
    }

    public void Dispose() => _connection.Dispose();

    private void Execute(string sql)
    {
        using var command = Command(sql, []);
        command.ExecuteNonQuery();
    }

    private SqliteCommand Command(string sql, object?[] values)
    {
        var command = _connection.CreateCommand();
#pragma warning disable CA2100 // Every statement is a constant of this assembly; values are parameters.
        command.CommandText = sql;
#pragma warning restore CA2100
        for (var i = 0; i < values.Length; i++)
        {
            command.Parameters.AddWithValue($"@{i + 1}", values[i] ?? DBNull.Value);
        }

        return command;
    }
}
