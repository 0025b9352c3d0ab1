using System.Globalization;
using Drover.Api;
using Drover.Api.Cattle;

namespace Drover.Web.AddHost;

/// <summary>What is written in the form, as text, and what is wrong with it.</summary>
internal sealed class HostForm
{
    /// <summary>The most hosts of one request, as on the command line.</summary>
    public const int MostAtOnce = 100;

    private static readonly string[] Operators = ["EQUALS", "LIKE", "UNLIKE", "UNIQUE", "GROUP_BY"];

    private readonly Dictionary<string, string> _refused = new(StringComparer.Ordinal);

    public string Name { get; set; } = "";

    public string Count { get; set; } = "1";

    public string Cpus { get; set; } = "1";

    public string Memory { get; set; } = "1GiB";

    public string Disk { get; set; } = "10GiB";

    /// <summary><c>NAME:SIZE</c>, separated by commas or blanks.</summary>
    public string Disks { get; set; } = "";

    public string Image { get; set; } = HostSpec.DefaultImage;

    /// <summary>Empty: what the server gives.</summary>
    public string Network { get; set; } = "";

    /// <summary>Bytes per second; empty: no limit.</summary>
    public string NetworkLimit { get; set; } = "";

    /// <summary>Whether the network written here can be limited.</summary>
    public bool CanLimit => Network.Trim() is "auto" or "nat" || Network.Trim().StartsWith("bridge:", StringComparison.Ordinal);

    /// <summary>A name of <see cref="Api.Machines.MachineDisplay"/>.</summary>
    public string Display { get; set; } = Api.Machines.MachineDisplay.Auto;

    public string UserData { get; set; } = "";

    /// <summary><c>key=value</c>, separated by commas or blanks.</summary>
    public string Labels { get; set; } = "";

    /// <summary><c>attribute:OPERATOR[:value]</c>, separated by commas or blanks.</summary>
    public string Constraints { get; set; } = "";

    public static HostForm Of(HostSpec spec) => new()
    {
        Name = spec.Name,
        Count = spec.Count.ToString(CultureInfo.InvariantCulture),
        Cpus = spec.Cpus.ToString(CultureInfo.InvariantCulture),
        Memory = spec.Memory.ToString(),
        Disk = spec.Disk.ToString(),
        Disks = string.Join(", ", spec.Disks),
        Image = spec.Image,
        Network = spec.Network,
        NetworkLimit = spec.NetworkLimit?.ToString() ?? "",
        Display = spec.Display,
        UserData = spec.UserData,
        Labels = string.Join(", ", spec.Labels.Select(l => $"{l.Key}={l.Value}")),
        Constraints = string.Join(", ", spec.Constraints),
    };

    /// <summary>The name of the preset with these sizes; null for own ones.</summary>
    public string? Preset => HostPreset.All.FirstOrDefault(p =>
        Number(Cpus) == p.Cpus && ByteSize.TryParse(Memory, out var memory) && memory == p.Memory && ByteSize.TryParse(Disk, out var disk) && disk == p.Disk)?.Name;

    public void Use(HostPreset preset)
    {
        Cpus = preset.Cpus.ToString(CultureInfo.InvariantCulture);
        Memory = preset.Memory.ToString();
        Disk = preset.Disk.ToString();
    }

    /// <summary>Field → sentence, of everything that is wrong.</summary>
    /// <param name="taken">Names that exist in the environment.</param>
    public IReadOnlyDictionary<string, string> Errors(IReadOnlySet<string> taken)
    {
        var errors = new Dictionary<string, string>(StringComparer.Ordinal);
        void Check(string field, string? error)
        {
            if ((error ?? _refused.GetValueOrDefault(field)) is { } sentence)
            {
                errors[field] = sentence;
            }
        }

        Check("name", NameError(taken));
        Check("count", Whole(Count) is >= 1 and <= MostAtOnce ? null : $"A whole number from 1 to {MostAtOnce}.");
        Check("cpus", Number(Cpus) is > 0 ? null : "A number above 0, such as 2 or 0.5.");
        Check("memory", SizeError(Memory, "512MiB or 2GiB"));
        Check("disk", SizeError(Disk, "10GiB"));
        Check("disks", Words(Disks).FirstOrDefault(d => !IsDisk(d)) is { } further ? $"'{further}' is not of the form NAME:SIZE, as data:20GiB." : null);
        Check("image", Image.Trim().Length > 0 ? null : $"The name of a guest image, such as {HostSpec.DefaultImage}.");
        Check("network", Network.Trim() is "" or "auto" or "user" or "nat" || Network.Trim().StartsWith("bridge:", StringComparison.Ordinal) ? null : "auto, user, nat or bridge:NAME; empty for the usual one.");
        Check("networkBytes", !CanLimit || NetworkLimit.Trim().Length == 0 ? null : SizeError(NetworkLimit, "10MiB"));
        Check("userData", null);
        Check("labels", Words(Labels).FirstOrDefault(l => l.IndexOf('=', StringComparison.Ordinal) < 1) is { } label ? $"'{label}' is not of the form key=value." : null);
        Check("constraints", Words(Constraints).FirstOrDefault(c => !IsConstraint(c)) is { } constraint
            ? $"'{constraint}' is not of the form attribute:OPERATOR:value with {string.Join(", ", Operators[..^1])} or {Operators[^1]}." : null);
        return errors;
    }

    /// <summary>Takes a refusal of the server to the field that it names; false if it names none of ours.</summary>
    /// <param name="name">The name that was sent.</param>
    public bool Refuse(CattleException refusal, string name)
    {
        var field = refusal.FieldName?.Split('.')[^1];
        if (field is not ("name" or "cpus" or "memory" or "disk" or "disks" or "image" or "network" or "networkBytes" or "userData" or "labels" or "constraints"))
        {
            return false;
        }

        _refused[field] = refusal switch
        {
            { Code: "NotUnique" } when field == "name" => $"There is a host named {name} already.",
            { Detail: { Length: > 0 } detail } => detail,
            { Code: "NotUnique" } => "That is taken already.",
            { Code: "MissingRequired" or "NotNullable" } => "The server needs a value here.",
            { Code: "MinLimitExceeded" } => "That is less than the server allows.",
            { Code: "MaxLimitExceeded" } => "That is more than the server allows.",
            { Code: "MaxLengthExceeded" } => "That is too long.",
            { Code: "InvalidOption" or "InvalidReference" } when field == "image" => "The server has no such image.",
            _ => $"The server does not take this: {refusal.Code}.",
        };
        return true;
    }

    /// <summary>The field was changed: what the server said of its old value no longer counts.</summary>
    public void Touch(string field) => _refused.Remove(field);

    /// <summary>What is written, where it can be read; defaults stand in for the rest.</summary>
    public HostSpec Read() => new()
    {
        Name = Name.Trim(),
        Count = Whole(Count) is >= 1 and <= MostAtOnce and { } count ? count : 1,
        Cpus = Number(Cpus) is > 0 and { } cpus ? cpus : 1,
        Memory = ByteSize.TryParse(Memory, out var memory) ? memory : ByteSize.FromGibibytes(1),
        Disk = ByteSize.TryParse(Disk, out var disk) ? disk : ByteSize.FromGibibytes(10),
        Disks = [.. Words(Disks)],
        Image = Image.Trim(),
        Network = Network.Trim(),
        NetworkLimit = CanLimit && ByteSize.TryParse(NetworkLimit, out var limit) ? limit : null,
        Display = Display,
        UserData = UserData.Trim().Length == 0 || Image.Trim() == HostSpec.DefaultImage ? "" : UserData.ReplaceLineEndings("\n").TrimStart(),
        Labels = [.. Words(Labels).Select(l => l.Split('=', 2)).Where(p => p.Length == 2 && p[0].Length > 0).Select(p => KeyValuePair.Create(p[0], p[1])).DistinctBy(p => p.Key)],
        Constraints = [.. Words(Constraints)],
    };

    /// <summary>The first of <c>BASE-1</c>, <c>BASE-2</c>… that is free.</summary>
    public static string FreeName(string like, IReadOnlySet<string> taken)
    {
        var end = like.AsSpan().TrimEnd("0123456789").ToString();
        var root = end.Length is > 1 and <= 56 && end.EndsWith('-') ? end[..^1] : like;
        return Enumerable.Range(1, taken.Count + 1).Select(i => $"{root}-{i.ToString(CultureInfo.InvariantCulture)}").First(n => !taken.Contains(n));
    }

    private string? NameError(IReadOnlySet<string> taken)
    {
        var name = Name.Trim();
        if (name.Length == 0)
        {
            return "A host needs a name.";
        }

        if (!name.All(c => char.IsAsciiLetterOrDigit(c) || c == '-'))
        {
            return "Letters, digits and hyphens only, as in web-1.";
        }

        if (name[0] == '-' || name[^1] == '-')
        {
            return "It must begin and end with a letter or a digit.";
        }

        var names = HostSpec.Expand(name, Whole(Count) is >= 1 and <= MostAtOnce and { } count ? count : 1);
        if (names[^1].Length > 63)
        {
            return names.Count == 1 ? $"At most 63 characters; this has {name.Length}." : $"At most 63 characters; {names[^1][..12]}… would have {names[^1].Length}.";
        }

        return names.FirstOrDefault(taken.Contains) is { } twice ? $"There is a host named {twice} already." : null;
    }

    private static string? SizeError(string text, string example) =>
        ByteSize.TryParse(text, out var size) && size.Bytes > 0 ? null : $"A size such as {example}.";

    private static bool IsDisk(string text) => text.Split(':') is [{ Length: > 0 }, var size] && ByteSize.TryParse(size, out var bytes) && bytes.Bytes > 0;

    private static bool IsConstraint(string text)
    {
        var parts = text.Split(':', 3);
        return parts.Length >= 2 && parts[0].Length > 0 && Operators.Contains(parts[1], StringComparer.Ordinal)
            && (parts is [_, _, { Length: > 0 }] || parts[1] is "UNIQUE" or "GROUP_BY");
    }

    private static string[] Words(string text) => text.Split([',', ' ', '\n', '\t'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static double? Number(string text) =>
        double.TryParse(text.Trim(), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static int? Whole(string text) => int.TryParse(text.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
