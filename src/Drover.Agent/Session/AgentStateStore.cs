using System.Text.Json;
using Drover.Agent.Guest;

namespace Drover.Agent.Session;

/// <summary>The file <c>agent.json</c> in the state folder, readable by its owner only, replaced as a whole:
/// a guest may lose power at any moment.</summary>
/// <param name="reached">Called as <c>state.save:before</c> and <c>state.save:after</c> around each write; tests stop there.</param>
internal sealed class AgentStateStore(string folder, AgentLog log, Action<string>? reached = null)
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const int MaxBytes = 64 * 1024;

    private readonly string _path = Path.Combine(folder, "agent.json");

    /// <summary>Makes the folder and shows that it can be written.</summary>
    /// <exception cref="IOException">It cannot.</exception>
    /// <exception cref="UnauthorizedAccessException">It cannot.</exception>
    public void Prepare()
    {
        Directory.CreateDirectory(folder, OwnerOnly | UnixFileMode.UserExecute);
        var probe = Path.Combine(folder, ".probe");
        File.WriteAllBytes(probe, []);
        File.Delete(probe);
    }

    /// <summary>What is known of <paramref name="machineUuid"/>, which makes its own key of a spare's; null if nothing is, also when the file belongs to another machine (a copied disk)
    /// or cannot be read (kept beside as <c>agent.json.damaged</c>).</summary>
    public async Task<AgentState?> LoadAsync(string machineUuid, CancellationToken cancellationToken)
    {
        try
        {
            var file = new FileInfo(_path);
            if (!file.Exists)
            {
                return null;
            }

            if (file.Length > MaxBytes)
            {
                throw new JsonException("too large");
            }

            var state = JsonSerializer.Deserialize(await File.ReadAllBytesAsync(_path, cancellationToken), AgentStateJson.Default.AgentState);
            if (state?.MachineUuid == machineUuid)
            {
                return state;
            }

            if (state?.MachineUuid == AgentState.Spare)
            {
                return state.ClaimedBy(machineUuid);
            }

            log.Say("the stored keys belong to another machine; registering anew");
            return null;
        }
        catch (JsonException e)
        {
            log.Say($"{_path} is damaged ({e.Message}); registering anew");
            File.Move(_path, _path + ".damaged", overwrite: true);
            return null;
        }
    }

    /// <param name="durable">Whether to return only when a loss of power cannot take it back. Otherwise the old or the new state is there after one.</param>
    public async Task SaveAsync(AgentState state, bool durable, CancellationToken cancellationToken)
    {
        reached?.Invoke("state.save:before");
        var temporary = _path + ".new";
        File.Delete(temporary);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = OwnerOnly };
        await using (var file = new FileStream(temporary, options))
        {
            await JsonSerializer.SerializeAsync(file, state, AgentStateJson.Default.AgentState, cancellationToken);
            file.Flush(flushToDisk: durable);
        }

        // ext4 writes a file out before a rename that replaces another by it (mount option auto_da_alloc, its default).
        File.Move(temporary, _path, overwrite: true);
        if (durable)
        {
            SyncFolder();
        }

        reached?.Invoke("state.save:after");
    }

    /// <summary>A rename is on the disk only when its folder is.</summary>
    private void SyncFolder()
    {
        var descriptor = LibC.Open(folder, LibC.DirectoryOnly | LibC.CloseOnExec, 0);
        if (descriptor >= 0)
        {
            _ = LibC.Sync(descriptor);
            _ = LibC.Close(descriptor);
        }
    }
}
