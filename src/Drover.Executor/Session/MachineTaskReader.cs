using System.Text.Json;
using System.Text.RegularExpressions;
using Drover.Api.Machines;

namespace Drover.Executor.Session;

/// <summary>Reads and checks a task before anything is done for it. What it lets through can be used in paths and command lines.</summary>
internal static partial class MachineTaskReader
{
    private const long LeastMemory = 64L << 20;

    /// <summary>The task, or the sentence why it is none.</summary>
    internal static (MachineTask? Task, string? Error) Read(ReadOnlySpan<byte> json)
    {
        if (json.IsEmpty)
        {
            return (null, "The task carries no data: it does not come from Drover's scheduler.");
        }

        try
        {
            var version = VersionOf(json);
            if (version != MachineTask.CurrentVersion)
            {
                return (null, $"The task has version {version}, this executor understands {MachineTask.CurrentVersion}: scheduler and executor must be of one release.");
            }

            var task = JsonSerializer.Deserialize(json, MachineJson.Default.MachineTask);
            return task is null ? (null, "The task's data is null.") : Check(task) is { } error ? (null, error) : (task, null);
        }
        catch (JsonException e)
        {
            return (null, $"The task's data cannot be read: {e.Message}");
        }
    }

    /// <summary>The command, or the sentence why it is none. The task in it is checked as one that is launched.</summary>
    internal static (MachineCommand? Command, string? Error) ReadCommand(ReadOnlySpan<byte> json)
    {
        try
        {
            var command = JsonSerializer.Deserialize(json, MachineJson.Default.MachineCommand);
            return command is not { Id: not null, Verb: not null, TaskId: not null } ? (null, "A message lacks a command's id, verb or taskId.")
                : command.Task is { } task && Check(task) is { } error ? (command with { Task = null }, $"The command '{command.Verb}' has a task that is none: {error}")
                : (command, null);
        }
        catch (JsonException e)
        {
            return (null, $"A message is no command: {e.Message}");
        }
    }

    /// <summary>Read by itself first: a task of another version may differ in everything else.</summary>
    private static int VersionOf(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        using var document = JsonDocument.ParseValue(ref reader);
        return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("version", out var version) && version.TryGetInt32(out var number)
            ? number
            : MachineTask.CurrentVersion;
    }

    private static string? Check(MachineTask task) =>
        NullField(task) is { } name ? $"The task's {name} is null."
        : task.Cpus is not (> 0 and <= 1024) ? Field("cpus", "more than 0 and at most 1024", task.Cpus)
        : task.MemoryBytes < LeastMemory ? Field("memoryBytes", "at least 64 MiB", task.MemoryBytes)
        : task.DiskBytes <= 0 ? Field("diskBytes", "more than 0", task.DiskBytes)
        : !Guid.TryParseExact(task.ExternalId, "D", out _) ? Field("externalId", "a uuid with dashes", task.ExternalId)
        : task.Kind is not (TaskKind.Machine or TaskKind.Template or TaskKind.Spare or TaskKind.Discard) ? Field("kind", "machine, template, spare or discard", task.Kind)
        : task.Disks.Count > 8 ? Field("disks", "at most 8", task.Disks.Count)
        : task.Disks.FirstOrDefault(disk => disk?.Name is null || !DiskName().IsMatch(disk.Name) || disk.Bytes <= 0) is { } badDisk ? Field("disks", "names of at most 20 letters, digits and hyphens with a size", badDisk.Name ?? "null")
        : task.Disks.DistinctBy(disk => disk.Name).Count() != task.Disks.Count ? "The task's disks must differ by name."
        : task.StartFrom is not ("auto" or "cold") ? Field("startFrom", "auto or cold", task.StartFrom)
        : !MachineDisplay.All.Contains(task.Display, StringComparer.Ordinal) ? Field("display", string.Join(" or ", MachineDisplay.All), task.Display)
        : task.Accelerator is not ("auto" or "kvm" or "tcg" or "simulated") ? Field("accelerator", "auto, kvm, tcg or simulated", task.Accelerator)
        : !Uri.TryCreate(task.RegistrationUrl, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https") ? Field("registrationUrl", "an http or https address", "(not shown: it holds a token)")
        : !Path.IsPathRooted(task.StateDirectory) ? Field("stateDirectory", "an absolute path", task.StateDirectory)
        : task.CacheDirectory is { } cache && !Path.IsPathRooted(cache) ? Field("cacheDirectory", "an absolute path", cache)
        : task.ShutdownGraceSeconds is < 0 or > 86400 ? Field("shutdownGraceSeconds", "0 to 86400", task.ShutdownGraceSeconds)
        : CheckTimeouts(task.Timeouts) ?? (task.Accelerator == "simulated" || task.Kept || task.Kind == TaskKind.Discard ? null : CheckImage(task.Image));

    /// <summary>JSON's null gets into any field, whatever its type says.</summary>
    private static string? NullField(MachineTask task) => new (string Name, object? Value)[]
    {
        ("machineId", task.MachineId), ("externalId", task.ExternalId), ("name", task.Name), ("hostname", task.Hostname), ("network", task.Network),
        ("kind", task.Kind), ("startFrom", task.StartFrom), ("accelerator", task.Accelerator), ("image", task.Image), ("image.name", task.Image?.Name), ("image.digest", task.Image?.Digest),
        ("image.files", task.Image?.Files), ("image.kernelArguments", task.Image?.KernelArguments), ("image.kind", task.Image?.Kind), ("registrationUrl", task.RegistrationUrl),
        ("labels", task.Labels), ("disks", task.Disks), ("display", task.Display), ("ports", task.Ports), ("timeouts", task.Timeouts), ("stateDirectory", task.StateDirectory),
        ("image.files' name, role or sha256", task.Image?.Files?.All(file => file is { Name: not null, Role: not null, Sha256: not null }) == true ? "" : null),
    }.FirstOrDefault(field => field.Value is null).Name;

    private static string? CheckTimeouts(StageTimeouts timeouts) =>
        new[] { timeouts.ImageSeconds, timeouts.DiskSeconds, timeouts.NetworkSeconds, timeouts.BootSeconds, timeouts.DockerSeconds, timeouts.RegisterSeconds }
            .Any(seconds => seconds is <= 0 or > 86400)
            ? "The task's timeouts must each be 1 to 86400 seconds."
            : null;

    private static string? CheckImage(GuestImage image) =>
        !Digest().IsMatch(image.Digest) ? Field("image.digest", "64 lower-case hex digits", image.Digest)
        : image.Files.FirstOrDefault(file => !FileName().IsMatch(file.Name)) is { } badName ? Field("image.files.name", "a plain file name", badName.Name)
        : image.Files.FirstOrDefault(file => !Digest().IsMatch(file.Sha256)) is { } badDigest ? Field("image.files.sha256", "64 lower-case hex digits", badDigest.Sha256)
        : image.Files.FirstOrDefault(file => file.Size < 0) is { } badSize ? Field("image.files.size", "0 or more", badSize.Size)
        : RolesOf(image.Kind) is not { } roles ? Field("image.kind", $"{ImageKind.Drover}, {ImageKind.Bios} or {ImageKind.Uefi}", image.Kind)
        : roles.FirstOrDefault(role => image.Files.Count(file => file.Role == role) != 1) is { } role ? $"The image '{image.Name}' must have exactly one file with the role {role}."
        : ImageKind.IsForeign(image.Kind) ? CheckForeign(image)
        : image.KernelArguments.Any(char.IsControl) ? Field("image.kernelArguments", "one line of text", image.KernelArguments)
        : null;

    private static string[]? RolesOf(string kind) => kind switch
    {
        ImageKind.Drover => ["disk", "kernel", "initrd"],
        ImageKind.Bios or ImageKind.Uefi => ["disk"],
        _ => null,
    };

    private static string? CheckForeign(GuestImage image) =>
        image.Agent is not { } agent ? $"The task's image.agent is missing: the foreign image '{image.Name}' brings no agent of its own."
        : agent.Sha256 is null || !Digest().IsMatch(agent.Sha256) ? Field("image.agent.sha256", "64 lower-case hex digits", agent.Sha256 ?? "")
        : !Uri.TryCreate(agent.Url, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https") ? Field("image.agent.url", "an http or https address", agent.Url ?? "")
        : image.Probe is not { } probe ? null
        : ImageKind.IsForeign(probe.Kind) ? Field("image.probe.kind", ImageKind.Drover, probe.Kind)
        : CheckImage(probe with { Files = [.. probe.Files, image.Files.First(file => file.Role == "disk")] });

    private static string Field(string name, string must, object is_) => FormattableString.Invariant($"The task's {name} is '{is_}'; it must be {must}.");

    [GeneratedRegex("^[0-9a-f]{64}$", RegexOptions.None, 100)]
    private static partial Regex Digest();

    [GeneratedRegex("^[A-Za-z0-9][A-Za-z0-9-]{0,19}$", RegexOptions.None, 100)]
    private static partial Regex DiskName();

    [GeneratedRegex("^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$", RegexOptions.None, 100)]
    private static partial Regex FileName();
}
