using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Drover.Scheduler.Addresses;
using Drover.Scheduler.Pool;
using Drover.Scheduler.Requests;
using Microsoft.Data.Sqlite;

namespace Drover.Scheduler.Storage;

/// <summary>The scheduler's memory, <c>scheduler.db</c>: requests, the pool, intents, outbox, framework ids. One writer, the loop.</summary>
/// <remarks>
/// SQLite in WAL mode with <c>synchronous=FULL</c>: after <see cref="Commit"/> returned, a power cut loses nothing of it. A turn of the loop
/// takes in all that has arrived and commits once, so that a burst costs one write to the disk.
/// </remarks>
internal sealed class SchedulerStore : IDisposable
{
    public const int SchemaVersion = 3;

    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    private readonly SqliteConnection _connection;
    private readonly Action<string>? _reached;
    private long _lastOutboxId;

    private SchedulerStore(SqliteConnection connection, Action<string>? reached)
    {
        _connection = connection;
        _reached = reached;
    }

    /// <summary>Opens or makes the database.</summary>
    /// <param name="reached">Called around every durable write; for tests that stop the process there.</param>
    /// <exception cref="InvalidOperationException">The file was written by a newer version.</exception>
    public static SchedulerStore Open(string directory, Action<string>? reached = null)
    {
        Directory.CreateDirectory(directory);
        var path = Path.Combine(directory, "scheduler.db");
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false }.ToString());
        connection.Open();
        if (!OperatingSystem.IsWindows())
        {
            // Registration tokens are in it.
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        var store = new SchedulerStore(connection, reached);
        try
        {
            store.Migrate(path);
        }
        catch
        {
            store.Dispose();
            throw;
        }

        return store;
    }

    public void Dispose() => _connection.Dispose();

    public IReadOnlyList<MachineRequest> LoadRequests() =>
        Read("SELECT document FROM requests ORDER BY sequence", r => JsonSerializer.Deserialize<MachineRequest>(r.GetString(0), s_json)!);

    public IReadOnlyList<PoolMember> LoadMembers() =>
        Read("SELECT document FROM pool", r => JsonSerializer.Deserialize<PoolMember>(r.GetString(0), s_json)!);

    /// <summary>What has not been taken by the server, oldest first.</summary>
    public IReadOnlyList<OutboxItem> LoadOutbox()
    {
        var items = Read("SELECT id, machine_id, method, path, body FROM outbox ORDER BY id", r =>
            new OutboxItem(r.GetInt64(0), r.GetString(1), r.GetString(2), r.GetString(3), (JsonObject)JsonNode.Parse(r.GetString(4))!));
        _lastOutboxId = Math.Max(_lastOutboxId, items.Count == 0 ? 0 : items[^1].Id);
        return items;
    }

    public string? LoadFrameworkId(string cluster, string principal) =>
        Read("SELECT framework_id FROM frameworks WHERE cluster = $a AND principal = $b", r => r.GetString(0), cluster, principal).FirstOrDefault(id => id.Length > 0);

    public IReadOnlyList<QuarantinedAddress> LoadQuarantine() =>
        Read("SELECT address, until, reason FROM quarantine", r => new QuarantinedAddress(r.GetString(0), DateTimeOffset.Parse(r.GetString(1), CultureInfo.InvariantCulture), r.GetString(2)));

    public byte[]? LoadIntent(string taskId) =>
        Read("SELECT task_info FROM intents WHERE task_id = $a", r => (byte[])r.GetValue(0), taskId).FirstOrDefault();

    /// <summary>A number for the next outbox item, so that it is known before it is stored.</summary>
    public long NextOutboxId() => ++_lastOutboxId;

    /// <summary>Writes a turn's changes: all or nothing.</summary>
    public void Commit(SchedulerChanges changes)
    {
        if (changes.IsEmpty)
        {
            return;
        }

        _reached?.Invoke("store.commit:before");
        using (var transaction = _connection.BeginTransaction())
        {
            if (changes.Framework is { } framework)
            {
                Run("INSERT INTO frameworks VALUES ($a, $b, $c) ON CONFLICT (cluster, principal) DO UPDATE SET framework_id = $c", framework.Cluster, framework.Principal, framework.FrameworkId);
            }

            foreach (var intent in changes.Intents)
            {
                Run("INSERT INTO intents VALUES ($a, $b, $c, $d, $e)", intent.TaskId, intent.MachineId, intent.AgentId, string.Join(' ', intent.OfferIds), intent.TaskInfo);
            }

            foreach (var request in changes.Requests.Values)
            {
                Run(
                    "INSERT INTO requests VALUES ($a, $b, $c, $d) ON CONFLICT (machine_id) DO UPDATE SET sequence = $b, state = $c, document = $d",
                    request.MachineId, request.Sequence, request.State.ToString(), JsonSerializer.Serialize(request, s_json));
            }

            foreach (var machineId in changes.Forgotten)
            {
                Run("DELETE FROM requests WHERE machine_id = $a", machineId);
                Run("DELETE FROM intents WHERE machine_id = $a", machineId);
            }

            foreach (var member in changes.Members.Values)
            {
                Run("INSERT INTO pool VALUES ($a, $b, $c) ON CONFLICT (id) DO UPDATE SET state = $b, document = $c", member.Id, member.State.ToString(), JsonSerializer.Serialize(member, s_json));
            }

            foreach (var id in changes.ForgottenMembers)
            {
                Run("DELETE FROM pool WHERE id = $a", id);
                Run("DELETE FROM intents WHERE machine_id = $a", id);
            }

            foreach (var kept in changes.Quarantined)
            {
                Run("INSERT INTO quarantine VALUES ($a, $b, $c) ON CONFLICT (address) DO UPDATE SET until = $b, reason = $c", kept.Address, kept.Until.ToString("O", CultureInfo.InvariantCulture), kept.Reason);
            }

            foreach (var address in changes.Released)
            {
                Run("DELETE FROM quarantine WHERE address = $a", address);
            }

            foreach (var item in changes.Outbox)
            {
                Run("INSERT INTO outbox VALUES ($a, $b, $c, $d, $e)", item.Id, item.MachineId, item.Method, item.Path, item.Body.ToJsonString());
            }

            foreach (var id in changes.Delivered)
            {
                Run("DELETE FROM outbox WHERE id = $a", id);
            }

            transaction.Commit();
        }

        _reached?.Invoke("store.commit:after");
    }

    private void Migrate(string path)
    {
        Run("PRAGMA journal_mode = WAL");
        Run("PRAGMA synchronous = FULL");
        var version = Read("PRAGMA user_version", r => r.GetInt32(0))[0];
        if (version > SchemaVersion)
        {
            throw new InvalidOperationException($"{path} has schema version {version}; this program knows {SchemaVersion}. It was written by a newer version.");
        }

        using var transaction = _connection.BeginTransaction();
        if (version < 1)
        {
            Run("CREATE TABLE requests (machine_id TEXT PRIMARY KEY, sequence INTEGER NOT NULL, state TEXT NOT NULL, document TEXT NOT NULL)");
            Run("CREATE TABLE intents (task_id TEXT PRIMARY KEY, machine_id TEXT NOT NULL, agent_id TEXT NOT NULL, offer_ids TEXT NOT NULL, task_info BLOB NOT NULL)");
            Run("CREATE INDEX intents_machine ON intents (machine_id)");
            Run("CREATE TABLE outbox (id INTEGER PRIMARY KEY, machine_id TEXT NOT NULL, method TEXT NOT NULL, path TEXT NOT NULL, body TEXT NOT NULL)");
            Run("CREATE TABLE frameworks (cluster TEXT NOT NULL, principal TEXT NOT NULL, framework_id TEXT NOT NULL, PRIMARY KEY (cluster, principal))");
        }

        if (version < 2)
        {
            Run("CREATE TABLE pool (id TEXT PRIMARY KEY, state TEXT NOT NULL, document TEXT NOT NULL)");
        }

        if (version < 3)
        {
            Run("CREATE TABLE quarantine (address TEXT PRIMARY KEY, until TEXT NOT NULL, reason TEXT NOT NULL)");
        }

        Run($"PRAGMA user_version = {SchemaVersion}");
        transaction.Commit();
    }

    private List<T> Read<T>(string sql, Func<SqliteDataReader, T> row, params object[] values)
    {
        using var command = Command(sql, values);
        using var reader = command.ExecuteReader();
        var rows = new List<T>();
        while (reader.Read())
        {
            rows.Add(row(reader));
        }

        return rows;
    }

    private void Run(string sql, params object[] values)
    {
        using var command = Command(sql, values);
        command.ExecuteNonQuery();
    }

    private SqliteCommand Command(string sql, object[] values)
    {
        var command = _connection.CreateCommand();
#pragma warning disable CA2100 // Every statement is a constant of this file.
        command.CommandText = sql;
#pragma warning restore CA2100
        for (var i = 0; i < values.Length; i++)
        {
            command.Parameters.AddWithValue("$" + (char)('a' + i), values[i]);
        }

        return command;
    }
}
