using System.Text.Json;
using System.Text.Json.Serialization;
using Drover.Executor.Machines;
using Drover.Executor.Processes;

namespace Drover.Executor.Networking;

/// <summary>What one machine has of this computer's networks: <c>STATE/networks/uses/EXTERNALID.json</c>. No secrets.</summary>
internal sealed record NetworkUse
{
    public required string ExternalId { get; init; }

    /// <summary>The machine's name, for people.</summary>
    public required string Name { get; init; }

    /// <summary>The guest's name in DNS.</summary>
    public required string Hostname { get; init; }

    /// <summary><c>nat</c>, <c>bridge:NAME</c>, or <c>segment</c> for the private segment beside a user network.</summary>
    public required string Network { get; init; }

    public required string Mac { get; init; }

    /// <summary>Without prefix; null where the network's own DHCP gives one.</summary>
    public string? Address { get; init; }

    /// <summary>The tap device; gone by itself when nobody has it open any more.</summary>
    public string? Tap { get; init; }

    /// <summary>Whose segment it is, and the multicast group that is the segment's wire.</summary>
    public string? EnvironmentId { get; init; }

    public string? Group { get; init; }

    /// <summary>The port of the control plane on this computer, which the guest must reach.</summary>
    public int? ControlPort { get; init; }
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, WriteIndented = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(NetworkUse))]
[JsonSerializable(typeof(NatRecord))]
[JsonSerializable(typeof(RememberedNat))]
internal sealed partial class NetworkJson : JsonSerializerContext;

/// <summary>The networks' folder of this computer: <c>STATE/networks</c>, with the record of who uses what.</summary>
/// <remarks>
/// A use is written before anything is made for it and removed after everything is gone. Its owner holds <c>EXTERNALID.lock</c> (flock(2)), which the
/// kernel frees also after <c>kill -9</c>: a use that nobody holds is a dead machine's, and whoever comes next removes it. All of this, and every change
/// of what machines share, happens under <see cref="LockAsync"/>.
/// </remarks>
internal sealed class NetworkFolder(string stateDirectory)
{
    private const string RecordEnd = ".json";
    private const string LockEnd = ".lock";

    internal string Path { get; } = System.IO.Path.Combine(System.IO.Path.GetFullPath(stateDirectory), "networks");

    private string Uses => System.IO.Path.Combine(Path, "uses");

    /// <summary>The right to look at and change what machines share. Kept for tenths of a second.</summary>
    internal async Task<FileLock> LockAsync(TimeProvider time, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Uses);
        var turn = FileLock.Open(System.IO.Path.Combine(Path, "lock"));
        try
        {
            await turn.TakeAsync(exclusive: true, time, null, cancellationToken);
            return turn;
        }
        catch
        {
            turn.Dispose();
            throw;
        }
    }

    /// <summary>Every use, and whether its owner lives.</summary>
    internal IReadOnlyList<(NetworkUse Use, bool Alive)> Read()
    {
        if (!Directory.Exists(Uses))
        {
            return [];
        }

        var found = new List<(NetworkUse, bool)>();
        foreach (var path in Directory.EnumerateFiles(Uses, "*" + RecordEnd).Order(StringComparer.Ordinal))
        {
            if (ReadFile(path) is { } use)
            {
                using var owner = FileLock.Open(path[..^RecordEnd.Length] + LockEnd);
                found.Add((use, !owner.TryTake(exclusive: true)));
            }
        }

        return found;
    }

    /// <summary>Removes the uses of dead machines and returns those that live.</summary>
    internal IReadOnlyList<NetworkUse> Sweep()
    {
        var all = Read();
        foreach (var (use, _) in all.Where(found => !found.Alive))
        {
            Remove(use.ExternalId);
        }

        return [.. all.Where(found => found.Alive).Select(found => found.Use)];
    }

    /// <summary>Writes a use and holds it. One that this process holds already is written anew.</summary>
    /// <exception cref="MachineException">Another process has this machine's network.</exception>
    internal FileLock Write(NetworkUse use, FileLock? held)
    {
        var path = PathOf(use.ExternalId);
        var owner = held ?? FileLock.Open(path + LockEnd);
        if (!owner.TryTake(exclusive: true))
        {
            owner.Dispose();
            throw new MachineException($"Another process still has the network of the machine {use.ExternalId} on this computer.");
        }

        File.WriteAllBytes(path + ".new", JsonSerializer.SerializeToUtf8Bytes(use, NetworkJson.Default.NetworkUse));
        File.Move(path + ".new", path + RecordEnd, overwrite: true);
        return owner;
    }

    internal void Remove(string externalId)
    {
        var path = PathOf(externalId);
        File.Delete(path + RecordEnd);
        File.Delete(path + ".new");
        File.Delete(path + LockEnd);
    }

    private string PathOf(string externalId) => System.IO.Path.Combine(Uses, externalId);

    private static NetworkUse? ReadFile(string path)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(path), NetworkJson.Default.NetworkUse);
        }
        catch (Exception e) when (e is IOException or JsonException)
        {
            // Written whole or not at all by a rename, so it was removed a moment ago.
            return null;
        }
    }
}
