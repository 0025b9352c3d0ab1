using System.Globalization;
using Drover.Api;
using Drover.Api.Cattle;
using Drover.Web.Container;

namespace Drover.Web.RunContainer;

/// <summary>What is written in the form, as text, and what is wrong with it.</summary>
internal sealed class RunForm
{
    /// <summary>Our fields by the API's.</summary>
    private static readonly Dictionary<string, string> Fields = new(StringComparer.Ordinal)
    {
        ["name"] = "name", ["imageUuid"] = "image", ["image"] = "image", ["requestedHostId"] = "host", ["command"] = "command", ["environment"] = "environment", ["ports"] = "ports",
        ["dataVolumes"] = "volumes", ["restartPolicy"] = "restart", ["memory"] = "memory", ["milliCpu"] = "cpus", ["labels"] = "labels",
    };

    private readonly Dictionary<string, string> _refused = new(StringComparer.Ordinal);

    public string Image { get; set; } = "";

    public string Name { get; set; } = "";

    /// <summary>Id; empty: any.</summary>
    public string Host { get; set; } = "";

    public string HostName { get; set; } = "";

    /// <summary>As one writes it in a shell.</summary>
    public string Command { get; set; } = "";

    /// <summary><c>KEY=value</c>, one a line.</summary>
    public string Environment { get; set; } = "";

    /// <summary>Separated by commas or blanks.</summary>
    public string Ports { get; set; } = "";

    public string Volumes { get; set; } = "";

    public string Restart { get; set; } = RunSpec.NoRestart;

    public string RestartCount { get; set; } = "";

    public string Memory { get; set; } = "";

    public string Cpus { get; set; } = "";

    public string Labels { get; set; } = "";

    public bool Tty { get; set; }

    /// <summary>Field → sentence, of everything that is wrong.</summary>
    public IReadOnlyDictionary<string, string> Errors()
    {
        var errors = new Dictionary<string, string>(StringComparer.Ordinal);
        void Check(string field, string? error)
        {
            if ((error ?? _refused.GetValueOrDefault(field)) is { } sentence)
            {
                errors[field] = sentence;
            }
        }

        Check("image", ImageError(Image.Trim()));
        Check("name", NameError(Name.Trim()));
        Check("host", null);
        Check("command", null);
        Check("ports", Words(Ports).FirstOrDefault(p => PortOf(p) is null) is { } port ? $"'{port}' is not a port such as 8080:80, 53:53/udp, or 80." : null);
        Check("volumes", Words(Volumes).Select(VolumeError).FirstOrDefault(e => e is not null));
        Check("environment", Lines(Environment).FirstOrDefault(l => l.IndexOf('=', StringComparison.Ordinal) < 1) is { } line ? $"'{line}' is not of the form NAME=value." : null);
        Check("restart", Restart == "on-failure" && RestartCount.Trim().Length > 0 && Whole(RestartCount) is null ? "How often, as a whole number; empty for always." : null);
        Check("memory", Memory.Trim().Length == 0 || (ByteSize.TryParse(Memory.Trim(), out var memory) && memory.Bytes > 0) ? null : "A size such as 512MiB; empty for no limit.");
        Check("cpus", Cpus.Trim().Length == 0 || Number(Cpus) is > 0 ? null : "A number above 0, such as 0.5; empty for no limit.");
        Check("labels", Words(Labels).FirstOrDefault(l => l.IndexOf('=', StringComparison.Ordinal) < 1) is { } label ? $"'{label}' is not of the form key=value." : null);
        return errors;
    }

    /// <summary>Takes a refusal of the server to the field that it names; false if it names none of ours.</summary>
    public bool Refuse(CattleException refusal)
    {
        if (refusal.FieldName?.Split('.', '[')[0] is not { } named || !Fields.TryGetValue(named, out var field))
        {
            return false;
        }

        _refused[field] = refusal switch
        {
            { Detail: { Length: > 0 } detail } => detail,
            { Code: "NotUnique" } => "That is taken already.",
            { Code: "MissingRequired" or "NotNullable" } => "The server needs a value here.",
            { Code: "InvalidReference" } => "The server knows of no such thing.",
            _ => $"The server does not take this: {refusal.Code}.",
        };
        return true;
    }

    /// <summary>The field was changed: what the server said of its old value no longer counts.</summary>
    public void Touch(string field) => _refused.Remove(field);

    /// <summary>What is written, where it can be read.</summary>
    public RunSpec Read() => new()
    {
        Image = Image.Trim(),
        Name = Name.Trim(),
        HostId = Host,
        HostName = Host.Length == 0 ? "" : HostName,
        Command = ShellCommand.Words(Command),
        Environment = [.. Lines(Environment).Select(Pair)],
        Ports = [.. Words(Ports).Select(PortOf).OfType<string>()],
        Volumes = [.. Words(Volumes)],
        Restart = Restart,
        RestartCount = Restart == "on-failure" ? Whole(RestartCount) ?? 0 : 0,
        Memory = ByteSize.TryParse(Memory.Trim(), out var memory) && memory.Bytes > 0 ? memory : null,
        Cpus = Number(Cpus) is > 0 and { } cpus ? cpus : null,
        Labels = [.. Words(Labels).Select(Pair)],
        Tty = Tty,
    };

    private static string? ImageError(string image) => image switch
    {
        "" => "The image to run, such as nginx or registry.example.org/shop/api:1.2.",
        _ when image.Any(char.IsWhiteSpace) => "An image's name has no blanks; what to run in it belongs to the command.",
        _ when image.Contains("://", StringComparison.Ordinal) => "Without http://, as docker pull takes it.",
        _ => null,
    };

    private static string? NameError(string name) => name switch
    {
        "" => null,
        { Length: > 63 } => $"At most 63 characters; this has {name.Length}.",
        _ when !char.IsAsciiLetterOrDigit(name[0]) || !name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.') => "Letters, digits, and - _ . after the first, as in web-1.",
        _ => null,
    };

    private static string? VolumeError(string volume)
    {
        var parts = volume.Split(':');
        return parts switch
        {
            [{ Length: > 0 }, ['/', ..]] or [{ Length: > 0 }, ['/', ..], "ro" or "rw"] or [['/', ..]] => null,
            _ => $"'{volume}' is not of the form NAME:/path or /path/of/the/host:/path, with :ro to only read.",
        };
    }

    /// <summary><c>[address:]public:private[/protocol]</c>, or one number, which Docker publishes where it likes; null if it is none.</summary>
    private static string? PortOf(string text)
    {
        var (ports, protocol) = text.Split('/') switch { [var p] => (p, "tcp"), [var p, ("tcp" or "udp" or "sctp") and var q] => (p, q), _ => ("", "") };
        var parts = ports.Split(':');
        var numbers = parts.Length == 3 ? parts[1..] : parts;
        return parts.Length is >= 1 and <= 3 && Array.TrueForAll(numbers, n => Whole(n) is >= 1 and <= 65535) ? $"{ports}/{protocol}" : null;
    }

    private static KeyValuePair<string, string> Pair(string text) => text.Split('=', 2) is [var key, var value] ? new(key, value) : new(text, "");

    private static string[] Words(string text) => text.Split([',', ' ', '\n', '\t'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static string[] Lines(string text) => [.. text.ReplaceLineEndings("\n").Split('\n').Select(l => l.TrimStart()).Where(l => l.Length > 0)];

    private static double? Number(string text) => double.TryParse(text.Trim(), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static int? Whole(string text) => int.TryParse(text.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
