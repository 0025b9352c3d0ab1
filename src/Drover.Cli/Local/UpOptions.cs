using System.Text.Json.Nodes;
using Drover.Cli.Hosts;
using Drover.Cli.Output;

namespace Drover.Cli.Local;

/// <summary>What <c>drover up</c> was asked for. Null means not said on the command line.</summary>
internal sealed record UpOptions
{
    public required DataFolder Data { get; init; }

    /// <summary>Where page and API listen; default 127.0.0.1:8080.</summary>
    public ListenAddress? Listen { get; init; }

    /// <summary>Do not add a first host.</summary>
    public bool NoHost { get; init; }

    /// <summary>Return when ready; else stay until Ctrl-C.</summary>
    public bool Detach { get; init; }

    /// <summary>A Mesos master instead of LocalMesos.</summary>
    public string? Mesos { get; init; }

    /// <summary><c>auto</c>, <c>kvm</c>, <c>tcg</c> or <c>simulated</c>; default auto.</summary>
    public string? Accelerator { get; init; }

    /// <summary>The address by which hosts and Mesos agents reach this instance.</summary>
    public string? Advertise { get; init; }

    /// <summary>Where copies of images, and templates, are kept, if not below the data folder. Absolute.</summary>
    public string? Cache { get; init; }

    /// <summary>Options of droverd that are passed on as they are, not kept: <c>--simulate</c>, <c>--stage-timeouts</c>, <c>--cpu-overcommit</c>.</summary>
    public IReadOnlyList<string> PassedOn { get; init; } = [];

    public string FirstHostName { get; init; } = "host-1";

    public HostSpec FirstHost { get; init; } = new();

    /// <summary>Name of the guest image that must be there.</summary>
    public string Image => FirstHost.Image ?? "drover";

    public bool IsSimulated => Accelerator == "simulated";
}

/// <summary>The options that belong to a data folder rather than to one start. <c>up</c> keeps them in <c>up.json</c>, and what is not said is as it was the last time.</summary>
/// <remarks>Hosts that were kept running look for the server where they knew it: a later <c>up</c> must listen there without being told again.</remarks>
internal static class UpMemory
{
    public static UpOptions Complete(UpOptions asked)
    {
        var kept = DataFolder.TryRead(asked.Data.MemoryFile);
        return asked with
        {
            Listen = asked.Listen ?? (ListenAddress.TryParse(kept?.Text("listen") ?? ListenAddress.Default, out var listen) ? listen : null),
            Accelerator = asked.Accelerator ?? kept?.Text("accel") ?? "auto",
            Mesos = asked.Mesos ?? kept?.Text("mesos"),
            Advertise = asked.Advertise ?? kept?.Text("advertise"),
            Cache = asked.Cache ?? kept?.Text("cache"),
        };
    }

    /// <summary>The cache folder of the last start; null for the one below the data folder.</summary>
    public static string? CacheOf(DataFolder data) => DataFolder.TryRead(data.MemoryFile)?.Text("cache");

    public static void Keep(UpOptions options) => PrivateFile.Replace(options.Data.MemoryFile, ListingWriter.Line(new JsonObject
    {
        ["listen"] = options.Listen?.ToString(),
        ["accel"] = options.Accelerator,
        ["mesos"] = options.Mesos,
        ["advertise"] = options.Advertise,
        ["cache"] = options.Cache,
    }));
}
