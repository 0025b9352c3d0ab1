using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Drover.Agent.Guest;

namespace Drover.Agent.Docker;

/// <summary>The id of the Docker Engine: what a copy of a template must not share, and what dockerd reads only when it starts.</summary>
/// <remarks>
/// Starting dockerd anew would cost a copy more than everything else together (vm-lab: 16 s under emulation). Its id is one string in its memory, so a
/// template looks for the places where it stands, and its copy overwrites them with an id of the same length: that of the new key, which it
/// also puts where the next dockerd reads it. The template rehearses it: another id, the Engine's own answer, and back; an Engine that does not follow is no template's.
/// Go never moves or changes a string, and a place that holds something else by now is left alone.
/// </remarks>
internal sealed class EngineIdentity(DockerClient docker, string keyPath = EngineIdentity.KeyPath)
{
    /// <summary>Where dockerd 20.10 keeps its key.</summary>
    public const string KeyPath = "/etc/docker/key.json";
    private const string PidPath = "/run/docker.pid";

    private readonly List<long> _places = [];
    private string? _id;
    private int _pid;

    /// <summary>Finds the id of the running Engine in its memory.</summary>
    /// <returns>Null, or a sentence why the id cannot be renewed.</returns>
    public async Task<string?> FindAsync(CancellationToken cancellationToken)
    {
        _places.Clear();
        if ((await docker.InfoAsync(cancellationToken))?.Id is not { Length: > 0 } id)
        {
            return "Docker does not tell its engine id";
        }

        if (ReadKey(await File.ReadAllTextAsync(keyPath, cancellationToken)) != id)
        {
            return $"Docker's engine id is not that of {keyPath}: this agent does not know how to renew it";
        }

        _id = id;
        _pid = int.Parse(await File.ReadAllTextAsync(PidPath, cancellationToken), System.Globalization.CultureInfo.InvariantCulture);
        _places.AddRange(ProcessMemory.Find(_pid, Encoding.ASCII.GetBytes(id)));

        // A rehearsal shows that these are the places from which the Engine answers; a copy need not ask it then.
        var rehearsal = new string('X', id.Length);
        var taken = Write(id, rehearsal) && (await docker.InfoAsync(cancellationToken))?.Id == rehearsal;
        Write(rehearsal, id);
        if (!taken || (await docker.InfoAsync(cancellationToken))?.Id != id)
        {
            return "Docker does not take another engine id";
        }

        // The next dockerd makes a new one, should this guest ever go on without a seed.
        File.Delete(keyPath);
        return null;
    }

    /// <summary>Gives the running Engine the id of a new key, and the next one the key.</summary>
    /// <returns>Null, or a sentence about what went wrong.</returns>
    public string? Renew(string key)
    {
        if (_id is null)
        {
            return "this guest was not made a template, and has its own engine id";
        }

        if (ReadKey(key) is not { } id || id.Length != _id.Length)
        {
            return "the executor's engine key is not readable";
        }

        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite };
        using (var file = new FileStream(keyPath, options))
        {
            file.Write(Encoding.UTF8.GetBytes(key));
        }

        return Write(_id, id) ? null : "Docker's engine id is not where it was in the template";
    }

    /// <summary>Writes wherever the one id still stands; false if that is nowhere. Some of the places are passing (the buffer of an answer); the Engine's own
    /// string is one that stays, as the rehearsal has shown.</summary>
    private bool Write(string from, string to) => ProcessMemory.Replace(_pid, _places, Encoding.ASCII.GetBytes(from), Encoding.ASCII.GetBytes(to)) > 0;

    /// <summary>The key's id; null for what is no key.</summary>
    internal static string? ReadKey(string json)
    {
        try
        {
            return JsonSerializer.Deserialize(json, EngineKeyJson.Default.EngineKeyFile)?.KeyId;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

/// <summary>libtrust's key file; only what we read of it.</summary>
internal sealed record EngineKeyFile([property: JsonPropertyName("kid")] string? KeyId);

[JsonSerializable(typeof(EngineKeyFile))]
internal sealed partial class EngineKeyJson : JsonSerializerContext;
