using System.Globalization;
using System.Text.Json.Nodes;
using Drover.Api;
using Drover.Web.Figures;
using Drover.Web.Hosts;

namespace Drover.Web.AddHost;

/// <summary>A checked request for new hosts: what goes to the API, and how the command line says the same.</summary>
public sealed record HostSpec
{
    public const string DefaultImage = "drover";

    /// <summary>The name of one host, or the beginning of several.</summary>
    public required string Name { get; init; }

    public int Count { get; init; } = 1;

    public double Cpus { get; init; } = 1;

    public ByteSize Memory { get; init; } = ByteSize.FromGibibytes(1);

    public ByteSize Disk { get; init; } = ByteSize.FromGibibytes(10);

    /// <summary>Disks beside its own, <c>NAME:SIZE</c>.</summary>
    public IReadOnlyList<string> Disks { get; init; } = [];

    public string Image { get; init; } = DefaultImage;

    /// <summary><c>auto</c>, <c>user</c>, <c>nat</c> or <c>bridge:NAME</c>; empty for what the server gives to machines that name none.</summary>
    public string Network { get; init; } = "";

    /// <summary>Bytes per second of its network, each way; null for no limit. Not in the network <c>user</c>.</summary>
    public ByteSize? NetworkLimit { get; init; }

    /// <summary>A name of <see cref="Api.Machines.MachineDisplay"/>.</summary>
    public string Display { get; init; } = Api.Machines.MachineDisplay.Auto;

    /// <summary>Cloud-init user data for a cloud image; empty for none.</summary>
    public string UserData { get; init; } = "";

    public IReadOnlyList<KeyValuePair<string, string>> Labels { get; init; } = [];

    public IReadOnlyList<string> Constraints { get; init; } = [];

    /// <summary>The name itself for one host, else <c>NAME-1</c> to <c>NAME-n</c>, as the command line does.</summary>
    public IReadOnlyList<string> Names => Expand(Name, Count);

    public static IReadOnlyList<string> Expand(string name, int count) =>
        count == 1 ? [name] : [.. Enumerable.Range(1, count).Select(i => $"{name}-{i.ToString(CultureInfo.InvariantCulture)}")];

    /// <summary>The same sizes, place and labels as a host that exists.</summary>
    public static HostSpec Like(HostView host) => new()
    {
        Name = host.Name,
        Cpus = host.Spec.Cpus ?? 1,
        Memory = host.Spec.Memory ?? ByteSize.FromGibibytes(1),
        Disk = host.Spec.Disk ?? ByteSize.FromGibibytes(10),
        Image = host.Spec.Image ?? DefaultImage,
        Network = host.Spec.Network ?? "",
        NetworkLimit = host.Limits.NetworkBytes,
        Display = host.Spec.Display ?? Api.Machines.MachineDisplay.Auto,
        Labels = [.. host.Labels],
        Constraints = host.Spec.Constraints,
    };

    /// <summary>The body of <c>POST machines</c> for one of <see cref="Names"/>.</summary>
    public JsonObject ToRequest(string name)
    {
        var config = new JsonObject
        {
            ["cpus"] = Cpus,
            ["memory"] = Memory.ToString(),
            ["disk"] = Disk.ToString(),
            ["image"] = Image,
        };
        if (Network.Length > 0)
        {
            config["network"] = Network;
        }

        if (NetworkLimit is { } limit)
        {
            config["networkBytes"] = limit.ToString();
        }

        if (Display != Api.Machines.MachineDisplay.Auto)
        {
            config["display"] = Display;
        }

        if (Disks.Count > 0)
        {
            config["disks"] = new JsonArray([.. Disks.Select(d => (JsonNode)d)]);
        }

        if (UserData.Length > 0)
        {
            config["userData"] = UserData;
        }

        if (Constraints.Count > 0)
        {
            config["constraints"] = new JsonArray([.. Constraints.Select(c => (JsonNode)c)]);
        }

        var request = new JsonObject { ["name"] = name, ["mesosConfig"] = config };
        if (Labels.Count > 0)
        {
            request["labels"] = new JsonObject(Labels.Select(l => KeyValuePair.Create(l.Key, (JsonNode?)l.Value)));
        }

        return request;
    }

    /// <summary>The command to copy; what is the default is left out.</summary>
    public string ToCommandLine()
    {
        List<string> words = ["drover", "host", "create", ShellWord.Quote(Name.Length == 0 ? "NAME" : Name)];
        void Add(string option, string value) => words.AddRange([option, ShellWord.Quote(value)]);
        if (Count != 1)
        {
            Add("--count", Count.ToString(CultureInfo.InvariantCulture));
        }

        if (Cpus != 1)
        {
            Add("--cpus", Cpus.ToString(CultureInfo.InvariantCulture));
        }

        if (Memory != ByteSize.FromGibibytes(1))
        {
            Add("--memory", Memory.ToString());
        }

        if (Disk != ByteSize.FromGibibytes(10))
        {
            Add("--disk", Disk.ToString());
        }

        foreach (var disk in Disks)
        {
            Add("--extra-disk", disk.Replace(':', '='));
        }

        if (Image != DefaultImage)
        {
            Add("--image", Image);
        }

        if (Network.Length > 0)
        {
            Add("--network", Network);
        }

        if (NetworkLimit is { } limit)
        {
            Add("--network-bytes", limit.ToString());
        }

        if (Display != Api.Machines.MachineDisplay.Auto)
        {
            Add("--display", Display);
        }

        if (UserData.Length > 0)
        {
            // A text of many lines is no command line: it goes into a file of that name.
            Add("--user-data", "user-data.txt");
        }

        foreach (var (key, value) in Labels)
        {
            Add("--label", $"{key}={value}");
        }

        foreach (var constraint in Constraints)
        {
            Add("--constraint", constraint);
        }

        return string.Join(' ', words);
    }
}
