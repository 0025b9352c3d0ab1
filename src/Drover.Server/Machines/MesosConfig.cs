using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Drover.Api;
using Drover.Api.Machines;
using Drover.Server.Api.Registry;
using Drover.Server.Api.Requests;

namespace Drover.Server.Machines;

/// <summary>The size and place of a machine, as asked: checks it and gives it its one written form.</summary>
/// <remarks>Unlike everywhere else in the API an unknown field is refused here, because a misspelt size must not be ignored.</remarks>
internal static class MesosConfig
{
    public const string Name = "mesosConfig";
    private const int MaxConstraints = 32;

    private static readonly Field Cpus = new Field { Name = "cpus", Type = "float" }.Range(0.1, 1024);
    private static readonly ByteSize MinMemory = ByteSize.FromMebibytes(64);
    private static readonly ByteSize MaxMemory = ByteSize.FromGibibytes(16 * 1024);
    private static readonly ByteSize MinDisk = ByteSize.FromMebibytes(256);
    private static readonly ByteSize MaxDisk = ByteSize.FromGibibytes(256 * 1024);
    private static readonly string[] Operators = ["EQUALS", "LIKE", "UNLIKE", "UNIQUE", "GROUP_BY"];

    /// <summary>The embedded type, for schemas.</summary>
    /// <param name="network">What machines get that name none.</param>
    public static EmbeddedType Type(string network = "user")
    {
        var type = new EmbeddedType { Name = Name, Plural = "mesosConfigs" };
        void Both(string field, string kind, JsonNode standard, string description) =>
            type.Plain(field, kind).Creatable().Default(standard).Says(description);
        Both("cpus", "float", 1, "Number of CPUs; a fraction is a share of one.");
        Both("memory", "string", "1GiB", "Such as 512MiB or 2GiB; a bare number means MiB.");
        Both("disk", "string", "10GiB", "Such as 10GiB; a bare number means MiB.");
        Both("image", "string", "drover", "Name of the guest image.");
        Both("network", "string", network, "auto, user, nat or bridge:NAME.");
        Both("startFrom", "string", "auto", "auto: a spare of the warm pool or a copy of a template where there is one; cold: always boot.");
        type.Plain("display", "enum").Creatable().OneOf([.. MachineDisplay.All]).Default(MachineDisplay.Auto).Says("Whether it has a screen for the graphical console: auto (a foreign cloud image has one, Drover's own none), none or vga. A machine of Drover's own image with a screen boots.");
        type.Plain("networkBytes", "string").Creatable().Says("Bytes per second of its network, each way, such as 10MiB; null: no limit. Not in the network user.");
        type.Plain("userData", "string").Creatable().Says("Cloud-init user data, at most 16 KiB, for a foreign cloud image. Everyone in the environment may read it.");
        type.Plain("disks", "array[string]").Creatable().Says("Disks beside the machine's own, NAME:SIZE such as data:20GiB; in the guest /dev/disk/by-id/virtio-NAME, or by the serial. Such a machine boots.");
        Both("constraints", "array[string]", new JsonArray(), "attribute:OPERATOR[:value] on attributes of the cluster's agents: EQUALS, LIKE, UNLIKE, UNIQUE, GROUP_BY.");
        return type;
    }

    /// <param name="config">As given.</param>
    /// <param name="images">The images that exist, or null when nobody knows.</param>
    /// <param name="kindOf">The <c>ImageKind</c> of an image, or null when nobody knows.</param>
    public static JsonObject Normalize(JsonObject config, IReadOnlyList<string>? images, Func<string, string?> kindOf)
    {
        foreach (var (field, _) in config)
        {
            // Go clients of 2016 send these two inside every object.
            if (field is not ("cpus" or "memory" or "disk" or "image" or "network" or "startFrom" or "display" or "networkBytes" or "userData" or "disks" or "constraints" or "links" or "actions" or "type"))
            {
                throw ApiError.Invalid("InvalidOption", $"{Name}.{Short(field)}", $"mesosConfig has no field '{Short(field)}'; it has cpus, memory, disk, image, network, startFrom, userData, disks and constraints.");
            }
        }

        var normal = new JsonObject
        {
            ["cpus"] = config["cpus"] is { } cpus ? FieldFormat.Read(Cpus, $"{Name}.cpus", cpus) : 1,
            ["memory"] = Size(config, "memory", ByteSize.FromGibibytes(1), MinMemory, MaxMemory),
            ["disk"] = Size(config, "disk", ByteSize.FromGibibytes(10), MinDisk, MaxDisk),
            ["image"] = Image(config["image"], images),
            ["network"] = Network(config["network"]),
            ["startFrom"] = StartFrom(config["startFrom"]),
            ["constraints"] = Constraints(config["constraints"]),
        };
        var image = (string)normal["image"]!;
        var own = config["userData"] is { } given ? FieldFormat.Scalar($"{Name}.userData", given) : null;
        if (UserData.Check(own, image, kindOf(image) is { } kind ? ImageKind.IsForeign(kind) : null) is { } userData)
        {
            normal["userData"] = userData;
        }

        if (Display(config["display"]) is { } display)
        {
            normal["display"] = display;
        }

        if (config["networkBytes"] is { } rate)
        {
            normal["networkBytes"] = new ByteSize(NetworkLimit.Read(rate, $"{Name}.networkBytes", (string)normal["network"]!)).ToString();
        }

        if (ExtraDisks.Normalize(config["disks"], $"{Name}.disks") is { Count: > 0 } disks)
        {
            normal["disks"] = disks;
        }

        return normal;
    }

    /// <summary>Reads a number of CPUs by itself.</summary>
    public static double CpuCount(JsonNode? node) => (double?)FieldFormat.Read(Cpus, "cpus", node ?? JsonValue.Create(1)) ?? 1;

    /// <summary>Reads a size of memory by itself.</summary>
    public static ByteSize MemorySize(JsonNode? node) =>
        ByteSize.TryParse(Size(new JsonObject { ["memory"] = node?.DeepClone() }, "memory", ByteSize.FromGibibytes(1), MinMemory, MaxMemory), out var size) ? size : MinMemory;

    /// <summary>Reads the size of a disk by itself.</summary>
    public static ByteSize DiskSize(string text) => DiskSize(text, MinDisk);

    public static ByteSize DiskSize(string text, ByteSize least) =>
        ByteSize.TryParse(Size(new JsonObject { ["disk"] = text }, "disk", least, least, MaxDisk), out var size) ? size : least;

    private static string Size(JsonObject config, string field, ByteSize standard, ByteSize min, ByteSize max)
    {
        var name = $"{Name}.{field}";
        if (config[field] is not { } node)
        {
            return standard.ToString();
        }

        var text = FieldFormat.Scalar(name, node).Trim();
        var negative = text.StartsWith('-');
        var number = new string([.. text.SkipWhile(c => c == '-').TakeWhile(c => char.IsAsciiDigit(c) || c is '.' or 'e' or 'E' or '+')]);
        if (negative && number.Length > 0)
        {
            throw ApiError.Invalid("MinLimitExceeded", name, $"'{Short(text)}' is negative; {field} must be at least {min}.");
        }

        if (!ByteSize.TryParse(text, out var size))
        {
            throw IsHuge(text)
                ? ApiError.Invalid("MaxLimitExceeded", name, $"'{Short(text)}' is too much; {field} may be at most {max}.")
                : ApiError.Invalid("InvalidFormat", name, $"'{Short(text)}' is no size; write 512MiB or 2GiB, or a number of MiB.");
        }

        return size < min ? throw ApiError.Invalid("MinLimitExceeded", name, $"'{Short(text)}' is too little; {field} must be at least {min}.")
            : size > max ? throw ApiError.Invalid("MaxLimitExceeded", name, $"'{Short(text)}' is too much; {field} may be at most {max}.")
            : size.ToString();
    }

    /// <summary>A size in form, whose number is beyond what a size can hold.</summary>
    private static bool IsHuge(string text)
    {
        var digits = text.TakeWhile(c => char.IsAsciiDigit(c) || c == '.').Count();
        return digits > 0 && (ByteSize.TryParse("1" + text[digits..], out _)
            || (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && number > 1e9));
    }

    private static string Image(JsonNode? node, IReadOnlyList<string>? images)
    {
        const string Field = $"{Name}.image";
        var image = node is null ? "drover" : FieldFormat.Scalar(Field, node);
        if (image.Length is 0 or > 128)
        {
            throw ApiError.Invalid(image.Length == 0 ? "MinLengthExceeded" : "MaxLengthExceeded", Field, "The name of an image has 1 to 128 characters.");
        }

        return images is not null && !images.Contains(image, StringComparer.Ordinal)
            ? throw ApiError.Invalid("InvalidOption", Field, images.Count == 0
                ? $"There is no image '{image}': no image has been made yet."
                : $"There is no image '{image}'; there are {string.Join(", ", images)}.")
            : image;
    }

    private static string Network(JsonNode? node)
    {
        const string Field = $"{Name}.network";
        var network = node is null ? "user" : FieldFormat.Scalar(Field, node);
        var bridge = network.StartsWith("bridge:", StringComparison.Ordinal) ? network[7..] : null;
        return network is "auto" or "user" or "nat" || (bridge is { Length: > 0 and <= 15 } && bridge.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.'))
            ? network
            : throw ApiError.Invalid("InvalidOption", Field, $"'{Short(network)}' is no network; there are auto, user, nat and bridge:NAME.");
    }

    private static string StartFrom(JsonNode? node)
    {
        const string Field = $"{Name}.startFrom";
        var start = node is null ? "auto" : FieldFormat.Scalar(Field, node);
        return start is "auto" or "cold"
            ? start
            : throw ApiError.Invalid("InvalidOption", Field, $"'{Short(start)}' is no way to start; there are auto and cold.");
    }

    /// <summary>Null for the standard one: written down only where somebody chose.</summary>
    private static string? Display(JsonNode? node)
    {
        const string Field = $"{Name}.display";
        var display = node is null ? MachineDisplay.Auto : FieldFormat.Scalar(Field, node);
        return !MachineDisplay.All.Contains(display, StringComparer.Ordinal)
            ? throw ApiError.Invalid("InvalidOption", Field, $"'{Short(display)}' is no display; there are {string.Join(", ", MachineDisplay.All)}.")
            : display == MachineDisplay.Auto ? null : display;
    }

    private static JsonArray Constraints(JsonNode? node)
    {
        const string Field = $"{Name}.constraints";
        if (node is null)
        {
            return [];
        }

        if (node is not JsonArray array || array.Any(item => item?.GetValueKind() != JsonValueKind.String))
        {
            throw ApiError.Invalid("InvalidFormat", Field, "constraints must be a list of texts such as rack:EQUALS:a.");
        }

        return array.Count > MaxConstraints
            ? throw ApiError.Invalid("MaxLimitExceeded", Field, $"A machine may have at most {MaxConstraints} constraints.")
            : new JsonArray([.. array.Select(item => (JsonNode)Constraint(item!.GetValue<string>(), Field))]);
    }

    private static string Constraint(string text, string field)
    {
        var parts = text.Split(':', 3);
        var wantsValue = parts.Length > 1 && parts[1] is "EQUALS" or "LIKE" or "UNLIKE";
        if (text.Length > 512 || parts.Length < 2 || parts[0].Length == 0 || !Operators.Contains(parts[1], StringComparer.Ordinal) || (wantsValue && (parts.Length < 3 || parts[2].Length == 0)))
        {
            throw ApiError.Invalid("InvalidFormat", field, $"'{Short(text)}' is no constraint; write attribute:OPERATOR[:value] with {string.Join(", ", Operators)}, such as rack:EQUALS:a.");
        }

        if (parts[1] is "LIKE" or "UNLIKE")
        {
            try
            {
                _ = new System.Text.RegularExpressions.Regex(parts[2], System.Text.RegularExpressions.RegexOptions.NonBacktracking);
            }
            catch (Exception e) when (e is ArgumentException or NotSupportedException)
            {
                throw ApiError.Invalid("InvalidFormat", field, $"'{Short(parts[2])}' is no regular expression that can be used here.");
            }
        }

        return text;
    }

    private static string Short(string text) => text.Length <= 64 ? text : text[..64] + "…";
}
