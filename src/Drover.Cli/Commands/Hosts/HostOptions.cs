using System.CommandLine;
using System.Globalization;
using Drover.Api;
using Drover.Cli.Hosts;

namespace Drover.Cli.Commands.Hosts;

/// <summary>What a new host should be; the same options for <c>host create</c> and for the first host of <c>up</c>.</summary>
internal sealed class HostOptions
{
    private static readonly string[] Operators = ["EQUALS", "LIKE", "UNLIKE", "UNIQUE", "GROUP_BY"];

    public Option<double?> Cpus { get; } = new("--cpus")
    {
        Description = "CPUs, such as 2 or 0.5 [default: 1]",
        HelpName = "N",
        CustomParser = result => Positive(result),
    };

    public Option<string?> Memory { get; } = Size("--memory", "Memory, such as 512MiB or 2GiB; a bare number is MiB [default: 1GiB]");

    public Option<string?> Disk { get; } = Size("--disk", "Disk, such as 20GiB; a bare number is MiB [default: 10GiB]");

    public Option<string?> Image { get; } = new("--image") { Description = "Guest image [default: drover]", HelpName = "NAME" };

    public Option<FileInfo?> UserData { get; } = new("--user-data") { Description = "File with cloud-init user data, for a cloud image", HelpName = "FILE" };

    public Option<string?> Network { get; } = new("--network") { Description = "Network of the machine: auto, user, nat or bridge:NAME [default: user, or what up was told]", HelpName = "NAME" };

    public Option<string?> StartFrom { get; } = new("--start-from") { Description = "auto: a spare or a copy of a template where there is one; cold: always boot [default: auto]", HelpName = "WAY" };

    public Option<string?> Display { get; } = new("--display") { Description = "Screen of the machine, for the graphical console: auto (a cloud image has one, Drover's own image none), none or vga [default: auto]", HelpName = "NAME" };

    public Option<string?> NetworkBytes { get; } = Size("--network-bytes", "Bytes per second of its network, each way, such as 10MiB; not in the network user [default: no limit]");

    public Option<string[]> Labels { get; } = new("--label", "-l") { Description = "Label of the host; may be given several times", HelpName = "KEY=VALUE" };

    public Option<string[]> Constraints { get; } = new("--constraint") { Description = "Where it may run: ATTRIBUTE:OPERATOR[:VALUE] with EQUALS, LIKE, UNLIKE, UNIQUE or GROUP_BY", HelpName = "RULE" };

    public Option<string[]> ExtraDisks { get; } = new("--extra-disk") { Description = "A disk beside its own, found in the guest by NAME as its serial; may be given several times", HelpName = "NAME=SIZE" };

    public Option<bool> Protect { get; } = new("--protect") { Description = "Refuse to remove it until 'host unprotect'" };

    public Option<string?> DeleteAfter { get; } = DeleteAfterOption("Remove it by itself after so long: 90s, 30m, 2h, 7d");

    public HostOptions()
    {
        StartFrom.AcceptOnlyFromAmong("auto", "cold");
        Display.AcceptOnlyFromAmong("auto", "none", "vga");
        Labels.Validators.Add(result =>
        {
            foreach (var token in result.Tokens.Where(t => t.Value.IndexOf('=', StringComparison.Ordinal) < 1))
            {
                result.AddError($"--label: '{token.Value}' is not of the form KEY=VALUE.");
            }
        });
        ExtraDisks.Validators.Add(result =>
        {
            foreach (var token in result.Tokens.Where(t => t.Value.Split('=', 2) is not [{ Length: > 0 }, var size] || !ByteSize.TryParse(size, out var bytes) || bytes.Bytes == 0))
            {
                result.AddError($"--extra-disk: '{token.Value}' is not of the form NAME=SIZE, such as data=20GiB.");
            }
        });
        Constraints.Validators.Add(result =>
        {
            foreach (var token in result.Tokens.Where(t => !IsConstraint(t.Value)))
            {
                result.AddError($"--constraint: '{token.Value}' is not of the form ATTRIBUTE:OPERATOR[:VALUE] with one of {string.Join(", ", Operators)}.");
            }
        });
    }

    public HostSpec Read(ParseResult parsed) => new()
    {
        Cpus = parsed.GetValue(Cpus),
        Memory = parsed.GetValue(Memory),
        Disk = parsed.GetValue(Disk),
        Image = parsed.GetValue(Image),
        UserData = ReadUserData(parsed.GetValue(UserData)),
        Network = parsed.GetValue(Network),
        StartFrom = parsed.GetValue(StartFrom),
        Display = parsed.GetValue(Display),
        NetworkBytes = parsed.GetValue(NetworkBytes),
        Constraints = parsed.GetValue(Constraints) ?? [],
        Disks = [.. (parsed.GetValue(ExtraDisks) ?? []).Select(d => d.Replace('=', ':'))],
        Protect = parsed.GetValue(Protect),
        DeleteAfter = parsed.GetValue(DeleteAfter),
        Labels = (parsed.GetValue(Labels) ?? []).Select(l => l.Split('=', 2)).GroupBy(p => p[0], StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.Last()[1], StringComparer.Ordinal),
    };

    private static string? ReadUserData(FileInfo? file) => file is null ? null
        : file.Exists ? File.ReadAllText(file.FullName)
        : throw new CliFailure(ExitCode.Usage, $"--user-data: there is no file {file.FullName}.");

    internal static bool IsConstraint(string text)
    {
        var parts = text.Split(':', 3);
        return parts.Length >= 2 && parts[0].Length > 0 && Operators.Contains(parts[1], StringComparer.OrdinalIgnoreCase)
            && (parts.Length == 3 || parts[1].ToUpperInvariant() is "UNIQUE" or "GROUP_BY");
    }

    internal static Option<string?> DeleteAfterOption(string description)
    {
        var option = new Option<string?>("--delete-after") { Description = description, HelpName = "TIME" };
        option.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && !(token.Value.Length > 1 && token.Value[..^1].All(char.IsAsciiDigit) && token.Value[^1] is 's' or 'm' or 'h' or 'd'))
            {
                result.AddError($"--delete-after: '{token.Value}' is no length of time such as 90s, 30m, 2h or 7d.");
            }
        });
        return option;
    }

    private static double? Positive(System.CommandLine.Parsing.ArgumentResult result)
    {
        var text = result.Tokens[0].Value;
        if (double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) && number > 0)
        {
            return number;
        }

        result.AddError($"--cpus: '{text}' is no number above 0.");
        return null;
    }

    private static Option<string?> Size(string name, string description)
    {
        var option = new Option<string?>(name) { Description = description, HelpName = "SIZE" };
        option.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && (!ByteSize.TryParse(token.Value, out var size) || size.Bytes == 0))
            {
                result.AddError($"{name}: '{token.Value}' is no size such as 512MiB or 2GiB.");
            }
        });
        return option;
    }
}
