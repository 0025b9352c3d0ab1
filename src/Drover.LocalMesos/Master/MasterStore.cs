namespace Drover.LocalMesos;

/// <summary>What a master must know after a restart: framework ids, with those that are dead, and agents. Tasks come back with their agents.</summary>
internal sealed class MasterStore(string path, Action<string>? reached) : IDisposable
{
    private const string Schema =
        """
        CREATE TABLE IF NOT EXISTS framework (id TEXT PRIMARY KEY, info BLOB NOT NULL, completed INTEGER);
        CREATE TABLE IF NOT EXISTS agent (id TEXT PRIMARY KEY, info BLOB NOT NULL, unreachable INTEGER, gone INTEGER NOT NULL DEFAULT 0);
        """;

    private readonly CheckpointFile _file = new(path, Schema, reached);

    /// <summary>All frameworks; <c>Completed</c> is the order of their ends, null for living ones.</summary>
    public List<(FrameworkInfo Info, long? Completed)> Frameworks() =>
        _file.Read("SELECT info, completed FROM framework ORDER BY completed",
            r => (FrameworkInfo.Parser.ParseFrom(r.GetFieldValue<byte[]>(0)), r.IsDBNull(1) ? (long?)null : r.GetInt64(1)));

    /// <summary>All agents; <c>Unreachable</c> is the time since when, in nanoseconds since 1970.</summary>
    public List<(AgentInfo Info, long? Unreachable, bool Gone)> Agents() =>
        _file.Read("SELECT info, unreachable, gone FROM agent",
            r => (AgentInfo.Parser.ParseFrom(r.GetFieldValue<byte[]>(0)), r.IsDBNull(1) ? (long?)null : r.GetInt64(1), r.GetBoolean(2)));

    public void SaveFramework(FrameworkInfo info) =>
        _file.Write("master.save-framework", (
            "INSERT INTO framework(id, info) VALUES(@1, @2) ON CONFLICT(id) DO UPDATE SET info = excluded.info",
            [info.Id.Value, Google.Protobuf.MessageExtensions.ToByteArray(info)]));

    /// <summary>Ends a framework for ever and forgets the oldest ended ones beyond <paramref name="keep"/>.</summary>
    public void CompleteFramework(string id, int keep) =>
        _file.Write("master.complete-framework",
            ("UPDATE framework SET completed = (SELECT COALESCE(MAX(completed), 0) + 1 FROM framework) WHERE id = @1", [id]),
            ("DELETE FROM framework WHERE completed IS NOT NULL AND id NOT IN (SELECT id FROM framework WHERE completed IS NOT NULL ORDER BY completed DESC LIMIT @1)", [keep]));

    /// <summary>A registered agent; it is no longer unreachable.</summary>
    public void SaveAgent(AgentInfo info) =>
        _file.Write("master.save-agent", (
            "INSERT INTO agent(id, info) VALUES(@1, @2) ON CONFLICT(id) DO UPDATE SET info = excluded.info, unreachable = NULL",
            [info.Id.Value, Google.Protobuf.MessageExtensions.ToByteArray(info)]));

    public void MarkUnreachable(string id, long nanoseconds) =>
        _file.Write("master.mark-unreachable", ("UPDATE agent SET unreachable = @2 WHERE id = @1", [id, nanoseconds]));

    public void MarkGone(string id) =>
        _file.Write("master.mark-gone", ("UPDATE agent SET gone = 1 WHERE id = @1", [id]));

    /// <summary>An agent that never knew that it was registered.</summary>
    public void RemoveAgent(string id) =>
        _file.Write("master.remove-agent", ("DELETE FROM agent WHERE id = @1", [id]));

    public void Dispose() => _file.Dispose();
}
