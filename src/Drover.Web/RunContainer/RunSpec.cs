using System.Globalization;
using System.Text.Json.Nodes;
using Drover.Api;
using Drover.Web.Figures;

namespace Drover.Web.RunContainer;

/// <summary>A checked request for a container: what goes to the API, and how the command line says the same.</summary>
internal sealed record RunSpec
{
    public const string NoRestart = "no";

    public string Image { get; init; } = "";

    /// <summary>Empty: the server gives one.</summary>
    public string Name { get; init; } = "";

    /// <summary>The host's id; empty: any that is active.</summary>
    public string HostId { get; init; } = "";

    /// <summary>The host's name, for the command line.</summary>
    public string HostName { get; init; } = "";

    public IReadOnlyList<string> Command { get; init; } = [];

    public IReadOnlyList<KeyValuePair<string, string>> Environment { get; init; } = [];

    /// <summary><c>8080:80/tcp</c>.</summary>
    public IReadOnlyList<string> Ports { get; init; } = [];

    /// <summary><c>NAME:/path[:ro]</c> or <c>/path/of/the/host:/path[:ro]</c>.</summary>
    public IReadOnlyList<string> Volumes { get; init; } = [];

    /// <summary>A name of Docker's policies.</summary>
    public string Restart { get; init; } = NoRestart;

    /// <summary>How often, with <c>on-failure</c>; 0: always.</summary>
    public int RestartCount { get; init; }

    public ByteSize? Memory { get; init; }

    /// <summary>A limit, in CPUs.</summary>
    public double? Cpus { get; init; }

    public IReadOnlyList<KeyValuePair<string, string>> Labels { get; init; } = [];

    /// <summary>With a terminal, and open for input.</summary>
    public bool Tty { get; init; }

    public JsonObject ToRequest()
    {
        var request = new JsonObject { ["imageUuid"] = $"docker:{Image}" };
        void Set(string field, bool given, Func<JsonNode?> value)
        {
            if (given)
            {
                request[field] = value();
            }
        }

        Set("name", Name.Length > 0, () => Name);
        Set("requestedHostId", HostId.Length > 0, () => HostId);
        Set("command", Command.Count > 0, () => Texts(Command));
        Set("environment", Environment.Count > 0, () => Map(Environment));
        Set("ports", Ports.Count > 0, () => Texts(Ports));
        Set("dataVolumes", Volumes.Count > 0, () => Texts(Volumes));
        Set("restartPolicy", Restart != NoRestart, () => RestartCount > 0 ? new JsonObject { ["name"] = Restart, ["maximumRetryCount"] = RestartCount } : new JsonObject { ["name"] = Restart });
        Set("memory", Memory is not null, () => Memory!.Value.Bytes);
        Set("milliCpu", Cpus is not null, () => (long)Math.Round(Cpus!.Value * 1000));
        Set("labels", Labels.Count > 0, () => Map(Labels));
        Set("tty", Tty, () => true);
        Set("stdinOpen", Tty, () => true);
        return request;
    }

    /// <summary>The command to copy; what is the default is left out. As on the page, it does not stay to look on.</summary>
    public string ToCommandLine()
    {
        List<string> words = ["drover", "run", "-d"];
        void Add(string option, string value) => words.AddRange([option, ShellWord.Quote(value)]);
        void AddAll(string option, IEnumerable<string> values)
        {
            foreach (var value in values)
            {
                Add(option, value);
            }
        }

        AddAll("--name", Given(Name));
        AddAll("--host", Given(HostName));
        AddAll("-p", Ports.Select(p => p.EndsWith("/tcp", StringComparison.Ordinal) ? p[..^4] : p));
        AddAll("-v", Volumes);
        AddAll("-e", Environment.Select(e => $"{e.Key}={e.Value}"));
        AddAll("--restart", Restart == NoRestart ? [] : [RestartCount > 0 ? $"{Restart}:{RestartCount.ToString(CultureInfo.InvariantCulture)}" : Restart]);
        AddAll("--memory", Memory is { } memory ? [memory.ToString()] : []);
        AddAll("--cpus", Cpus is { } cpus ? [cpus.ToString(CultureInfo.InvariantCulture)] : []);
        AddAll("--label", Labels.Select(l => $"{l.Key}={l.Value}"));
        if (Tty)
        {
            words.AddRange(["-i", "-t"]);
        }

        words.Add(Image.Length == 0 ? "IMAGE" : ShellWord.Quote(Image));
        if (Command.Count > 0)
        {
            // Its options are not the command line's.
            words.AddRange([.. Command.Any(w => w.StartsWith('-')) ? ["--"] : Array.Empty<string>(), .. Command.Select(ShellWord.Quote)]);
        }

        return string.Join(' ', words);
    }

    private static string[] Given(string text) => text.Length == 0 ? [] : [text];

    private static JsonArray Texts(IEnumerable<string> texts) => new([.. texts.Select(t => (JsonNode)t)]);

    private static JsonObject Map(IEnumerable<KeyValuePair<string, string>> pairs)
    {
        var map = new JsonObject();
        foreach (var (key, value) in pairs)
        {
            map[key] = value;
        }

        return map;
    }
}
