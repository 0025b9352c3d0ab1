using System.Globalization;
using Google.Protobuf;

namespace Drover.LocalMesos;

/// <summary>An executor's row.</summary>
internal sealed record ExecutorRow(
    string Container, string Framework, ExecutorInfo Info, string Sandbox, string Token, ProcessIdentity? Process, bool Terminating, DateTimeOffset? Completed);

/// <summary>What an agent must know after a restart. Everything is written before it is acted on.</summary>
internal sealed class AgentStore(string path, Action<string>? reached) : IDisposable
{
    private const string Schema =
        """
        CREATE TABLE IF NOT EXISTS agent (key TEXT PRIMARY KEY, value TEXT NOT NULL);
        CREATE TABLE IF NOT EXISTS framework (id TEXT PRIMARY KEY, info BLOB NOT NULL, removed INTEGER NOT NULL DEFAULT 0);
        CREATE TABLE IF NOT EXISTS executor (container TEXT PRIMARY KEY, framework TEXT NOT NULL, info BLOB NOT NULL, sandbox TEXT NOT NULL, token TEXT NOT NULL,
            pid INTEGER, start_time INTEGER, terminating INTEGER NOT NULL DEFAULT 0, completed TEXT);
        CREATE TABLE IF NOT EXISTS task (framework TEXT NOT NULL, id TEXT NOT NULL, container TEXT NOT NULL, info BLOB NOT NULL, delivered INTEGER NOT NULL DEFAULT 0,
            PRIMARY KEY (framework, id));
        CREATE TABLE IF NOT EXISTS status_update (sequence INTEGER PRIMARY KEY AUTOINCREMENT, framework TEXT NOT NULL, task TEXT NOT NULL, uuid BLOB NOT NULL,
            status BLOB NOT NULL, acknowledged INTEGER NOT NULL DEFAULT 0);
        CREATE INDEX IF NOT EXISTS status_update_task ON status_update (framework, task);
        """;

    private readonly CheckpointFile _file = new(path, Schema, reached);

    public string? AgentId => Value("id");

    /// <summary>The launcher's generation when executors were last started.</summary>
    public string? Generation => Value("generation");

    public List<(FrameworkInfo Info, bool Removed)> Frameworks() =>
        _file.Read("SELECT info, removed FROM framework", r => (FrameworkInfo.Parser.ParseFrom(r.GetFieldValue<byte[]>(0)), r.GetBoolean(1)));

    public List<ExecutorRow> Executors() => _file.Read(
        "SELECT container, framework, info, sandbox, token, pid, start_time, terminating, completed FROM executor",
        r => new ExecutorRow(r.GetString(0), r.GetString(1), ExecutorInfo.Parser.ParseFrom(r.GetFieldValue<byte[]>(2)), r.GetString(3), r.GetString(4),
            r.IsDBNull(5) ? null : new ProcessIdentity(r.GetInt32(5), r.GetInt64(6)), r.GetBoolean(7),
            r.IsDBNull(8) ? null : DateTimeOffset.Parse(r.GetString(8), CultureInfo.InvariantCulture)));

    public List<(string Container, TaskInfo Info, bool Delivered)> Tasks() =>
        _file.Read("SELECT container, info, delivered FROM task", r => (r.GetString(0), TaskInfo.Parser.ParseFrom(r.GetFieldValue<byte[]>(1)), r.GetBoolean(2)));

    /// <summary>In the order in which they came.</summary>
    public List<(string Framework, TaskStatus Status, bool Acknowledged)> Updates() =>
        _file.Read("SELECT framework, status, acknowledged FROM status_update ORDER BY sequence",
            r => (r.GetString(0), TaskStatus.Parser.ParseFrom(r.GetFieldValue<byte[]>(1)), r.GetBoolean(2)));

    public void SaveAgentId(string id) => Set("agent.save-id", "id", id);

    public void SaveGeneration(string generation) => Set("agent.save-generation", "generation", generation);

    /// <summary>A new executor with its first task.</summary>
    public void AddExecutor(AgentExecutor executor, AgentTask task) => _file.Write("agent.add-executor",
        (InsertFramework, [executor.FrameworkId, executor.Framework.ToByteArray()]),
        ("INSERT INTO executor(container, framework, info, sandbox, token) VALUES(@1, @2, @3, @4, @5)",
            [executor.ContainerId, executor.FrameworkId, executor.Info.ToByteArray(), executor.Sandbox, executor.Token]),
        (InsertTask, [executor.FrameworkId, task.Id, executor.ContainerId, task.Info.ToByteArray()]));

    /// <summary>One more task for a living executor.</summary>
    public void AddTask(AgentExecutor executor, AgentTask task) => _file.Write("agent.add-task",
        (InsertFramework, [executor.FrameworkId, executor.Framework.ToByteArray()]),
        (InsertTask, [executor.FrameworkId, task.Id, executor.ContainerId, task.Info.ToByteArray()]));

    public void SetProcess(string container, ProcessIdentity identity) => _file.Write("agent.set-process",
        ("UPDATE executor SET pid = @2, start_time = @3 WHERE container = @1", [container, identity.Pid, identity.StartTime]));

    public void SetDelivered(string framework, string task) => _file.Write("agent.set-delivered",
        ("UPDATE task SET delivered = 1 WHERE framework = @1 AND id = @2", [framework, task]));

    public void SetTerminating(string container) => _file.Write("agent.set-terminating",
        ("UPDATE executor SET terminating = 1 WHERE container = @1", [container]));

    public void CompleteExecutor(string container, DateTimeOffset at) => _file.Write("agent.complete-executor",
        ("UPDATE executor SET completed = @2 WHERE container = @1", [container, at.ToString("O", CultureInfo.InvariantCulture)]));

    public void DeleteExecutor(string container) => _file.Write("agent.delete-executor", ("DELETE FROM executor WHERE container = @1", [container]));

    public void AddUpdate(string framework, TaskStatus status) => _file.Write("agent.add-update",
        ("INSERT INTO status_update(framework, task, uuid, status) VALUES(@1, @2, @3, @4)",
            [framework, status.TaskId.Value, status.Uuid.ToByteArray(), status.ToByteArray()]));

    public void Acknowledge(string framework, string task, ByteString uuid) => _file.Write("agent.acknowledge",
        ("UPDATE status_update SET acknowledged = 1 WHERE framework = @1 AND task = @2 AND uuid = @3", [framework, task, uuid.ToByteArray()]));

    /// <summary>The task is over and everybody knows.</summary>
    public void CloseTask(string framework, string task) => _file.Write("agent.close-task",
        ("DELETE FROM status_update WHERE framework = @1 AND task = @2", [framework, task]),
        ("DELETE FROM task WHERE framework = @1 AND id = @2", [framework, task]));

    /// <summary>Nobody waits for its tasks any more; its executors are to end.</summary>
    public void RemoveFramework(string id) => _file.Write("agent.remove-framework",
        ("UPDATE framework SET removed = 1 WHERE id = @1", [id]),
        ("DELETE FROM status_update WHERE framework = @1", [id]),
        ("DELETE FROM task WHERE framework = @1", [id]));

    public void DeleteFramework(string id) => _file.Write("agent.delete-framework", ("DELETE FROM framework WHERE id = @1", [id]));

    /// <summary>Everything that ran is dead (another boot): sandboxes stay, and the agent's id.</summary>
    public void ForgetRunning(DateTimeOffset at, string generation) => _file.Write("agent.forget-running",
        ("UPDATE executor SET completed = @1 WHERE completed IS NULL", [at.ToString("O", CultureInfo.InvariantCulture)]),
        ("DELETE FROM task", []),
        ("DELETE FROM status_update", []),
        ("DELETE FROM framework", []),
        (SetValue, ["generation", generation]));

    /// <summary>The agent's id is dead; it comes back as a new agent.</summary>
    public void ForgetAgentId() => _file.Write("agent.forget-id", ("DELETE FROM agent WHERE key = 'id'", []));

    public void Dispose() => _file.Dispose();

    private const string InsertFramework = "INSERT INTO framework(id, info) VALUES(@1, @2) ON CONFLICT(id) DO UPDATE SET info = excluded.info";
    private const string InsertTask = "INSERT INTO task(framework, id, container, info) VALUES(@1, @2, @3, @4)";
    private const string SetValue = "INSERT INTO agent(key, value) VALUES(@1, @2) ON CONFLICT(key) DO UPDATE SET value = excluded.value";

    private string? Value(string key) => _file.Read("SELECT key, value FROM agent", r => (Key: r.GetString(0), Value: r.GetString(1)))
        .Where(r => r.Key == key).Select(r => r.Value).FirstOrDefault();

    private void Set(string step, string key, string value) => _file.Write(step, (SetValue, [key, value]));
}
