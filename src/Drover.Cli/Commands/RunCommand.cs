using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Drover.Api;
using Drover.Api.Cattle;
using Drover.Cli.Containers;
using Drover.Cli.Hosts;
using Drover.Cli.Output;

namespace Drover.Cli.Commands;

/// <summary><c>drover run IMAGE [COMMAND]</c>: a container on a host that is named, or that Drover chooses.</summary>
internal static class RunCommand
{
    public static Command Create(CliContext context, SharedOptions shared)
    {
        var options = new RunOptions();
        var command = new Command("run", "Run a container: drover run --name web -p 8080:80 -d nginx");
        options.AddTo(command);
        command.Options.Add(shared.Quiet);
        command.SetAction(async (parsed, token) =>
        {
            using var server = shared.Choose(context, parsed);
            var environment = await server.EnvironmentAsync(token);
            var detached = parsed.GetValue(options.Detach) || parsed.GetValue(options.NoStart);
            var spec = options.Spec(parsed);
            spec["startOnCreate"] = detached && !parsed.GetValue(options.NoStart);
            if (parsed.GetValue(options.Host) is { } host)
            {
                var found = await new HostDirectory(environment).ResolveAsync(host, token);
                spec["requestedHostId"] = found.Host?.Id ?? throw new CliFailure(ExitCode.Refused, $"The host {found.Name} is {found.State}; it takes containers once it is active.");
            }

            var asked = await environment.CreateAsync("containers", spec, token);
            CattleResource made;
            await using (var board = shared.Board(context, parsed))
            {
                made = await new ContainerMaking(environment, board, context.Time).UntilMadeAsync(asked, token);
            }

            if (detached)
            {
                context.Console.Out.WriteLine(TextSafety.Line(made.Name ?? made.Id));
                return ExitCode.Ok;
            }

            return await AttachAsync(environment, made, options, parsed, context, token);
        });
        return command;
    }

    /// <summary>Attached before it is started, so that nothing it says is missed.</summary>
    private static async Task<int> AttachAsync(CattleClient environment, CattleResource made, RunOptions options, ParseResult parsed, CliContext context, CancellationToken token)
    {
        var access = await environment.ActionAsync("containers", made.Id, "attach", null, token);
        using var socket = await StreamDial.OpenAsync(environment, access, ExecSession.Protocol, token);
        await environment.ActionAsync("containers", made.Id, "start", null, token);
        int code;
        try
        {
            context.Console.Flush();
            using var session = new ExecSession(socket, parsed.GetValue(options.Tty), parsed.GetValue(options.Interactive));
            code = await session.RunAsync(token);
        }
        catch (OperationCanceledException)
        {
            context.Console.Error.WriteLine($"{made.Name} goes on; 'drover logs -f {made.Name}' shows it, 'drover stop {made.Name}' stops it.");
            throw;
        }

        if (parsed.GetValue(options.Remove))
        {
            await environment.DeleteAsync("containers", made.Id, token);
        }

        return code;
    }
}

/// <summary>The options of <c>drover run</c>, by docker's names where they are free.</summary>
internal sealed class RunOptions
{
    private static readonly (string Name, string Field)[] s_texts = [("user", "user"), ("workdir", "workingDir"), ("hostname", "hostname"), ("network", "networkMode")];

    private readonly Argument<string> _image = new("IMAGE") { Description = "Container image: nginx, nginx:1.27, registry.example.com/team/app:2", HelpName = "IMAGE" };
    private readonly Argument<string[]> _command = new("COMMAND") { Description = "Instead of the image's own; after -- where it has options", Arity = ArgumentArity.ZeroOrMore, HelpName = "COMMAND" };
    private readonly Option<string?> _name = new("--name") { Description = "Name of the container [default: the image's, and a number]", HelpName = "NAME" };
    private readonly Option<string[]> _variables = new("--variable", "-e") { Description = "Environment variable; without a value, this shell's", HelpName = "KEY=VALUE" };
    private readonly Option<string[]> _ports = new("--publish", "-p") { Description = "Port: 8080:80, 127.0.0.1:8080:80, 53:53/udp", HelpName = "PORT" };
    private readonly Option<string[]> _volumes = new("--volume", "-v") { Description = "Volume: data:/var/lib/data, /srv:/srv:ro", HelpName = "VOLUME" };
    private readonly Option<string[]> _labels = new("--label", "-l") { Description = "Label", HelpName = "KEY=VALUE" };
    private readonly Option<string?> _restart = new("--restart") { Description = "no, always, unless-stopped, on-failure or on-failure:N", HelpName = "POLICY" };
    private readonly Option<string?> _memory = new("--memory", "-m") { Description = "Memory that it may use, such as 256MiB", HelpName = "SIZE" };
    private readonly Option<double?> _cpus = new("--cpus") { Description = "CPUs that it may use, such as 0.5", HelpName = "N" };
    private readonly Option<string?> _entrypoint = new("--entrypoint") { Description = "Instead of the image's own", HelpName = "PROGRAM" };
    private readonly Option<bool> _privileged = new("--privileged") { Description = "With all rights on its host" };
    private readonly Option<string?> _pull = new("--pull") { Description = "When to ask the registry: missing, always or never [default: missing]", HelpName = "WHEN" };
    private readonly List<Option<string?>> _texts = [.. s_texts.Select(text => new Option<string?>("--" + text.Name) { HelpName = "TEXT", Description = $"As docker's --{text.Name}" })];

    public Option<string?> Host { get; } = new("--host") { Description = "On which host [default: the connected one with the fewest containers]", HelpName = "NAME" };

    public Option<bool> Detach { get; } = new("--detach", "-d") { Description = "Leave it running and print its name" };

    public Option<bool> NoStart { get; } = new("--no-start") { Description = "Make it, and do not start it" };

    public Option<bool> Interactive { get; } = new("--interactive", "-i") { Description = "Give it what is typed" };

    public Option<bool> Tty { get; } = new("--tty", "-t") { Description = "Give it a terminal" };

    public Option<bool> Remove { get; } = new("--rm") { Description = "Remove it when it has ended" };

    public void AddTo(Command command)
    {
        _pull.AcceptOnlyFromAmong("missing", "always", "never");
        command.Arguments.Add(_image);
        command.Arguments.Add(_command);
        Option[] options = [_name, Host, Detach, Interactive, Tty, Remove, NoStart, _variables, _ports, _volumes, _labels, _restart, _memory, _cpus, _entrypoint, _privileged, _pull, .. _texts];
        foreach (var option in options)
        {
            command.Options.Add(option);
        }
    }

    /// <summary>What the API is asked for. What the server checks is not checked here.</summary>
    public JsonObject Spec(ParseResult parsed)
    {
        var spec = new JsonObject { ["imageUuid"] = $"docker:{parsed.GetRequiredValue(_image)}" };
        Add(spec, "name", parsed.GetValue(_name));
        Add(spec, "command", Texts(parsed.GetValue(_command)));
        Add(spec, "environment", Map(parsed.GetValue(_variables), key => Environment.GetEnvironmentVariable(key)));
        Add(spec, "ports", Texts(parsed.GetValue(_ports)));
        Add(spec, "dataVolumes", Texts(parsed.GetValue(_volumes)));
        Add(spec, "labels", Map(parsed.GetValue(_labels), _ => ""));
        Add(spec, "restartPolicy", parsed.GetValue(_restart) is { } policy ? Restart(policy) : null);
        Add(spec, "memory", parsed.GetValue(_memory) is { } memory ? Memory(memory) : null);
        Add(spec, "milliCpu", parsed.GetValue(_cpus) is { } cpus ? (long)Math.Round(cpus * 1000) : null);
        Add(spec, "entryPoint", parsed.GetValue(_entrypoint) is { } program ? new JsonArray(program) : null);
        Add(spec, "pullPolicy", parsed.GetValue(_pull));
        (spec["privileged"], spec["tty"], spec["stdinOpen"]) = (parsed.GetValue(_privileged), parsed.GetValue(Tty), parsed.GetValue(Interactive));
        foreach (var (option, text) in _texts.Zip(s_texts))
        {
            Add(spec, text.Field, parsed.GetValue(option));
        }

        return spec;
    }

    private static void Add(JsonObject spec, string field, JsonNode? value)
    {
        if (value is not null)
        {
            spec[field] = value;
        }
    }

    private static JsonArray? Texts(string[]? texts) => texts is { Length: > 0 } ? new JsonArray([.. texts.Select(text => (JsonNode)text)]) : null;

    private static JsonObject? Map(string[]? entries, Func<string, string?> standard)
    {
        if (entries is not { Length: > 0 })
        {
            return null;
        }

        var map = new JsonObject();
        foreach (var entry in entries)
        {
            var equals = entry.IndexOf('=', StringComparison.Ordinal);
            if (equals >= 0)
            {
                map[entry[..equals]] = entry[(equals + 1)..];
            }
            else if (standard(entry) is { } value)
            {
                map[entry] = value;
            }
        }

        return map;
    }

    private static long Memory(string text) => ByteSize.TryParse(text, out var size) ? size.Bytes : throw new CliFailure(ExitCode.Usage, $"--memory: '{text}' is no size such as 256MiB or 2GiB.");

    private static JsonObject Restart(string policy)
    {
        var (name, count) = policy.Split(':') is [var before, var after] ? (before, after) : (policy, null);
        var json = new JsonObject { ["name"] = name };
        if (count is not null)
        {
            json["maximumRetryCount"] = int.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : throw new CliFailure(ExitCode.Usage, $"--restart: '{policy}' is no policy such as always or on-failure:5.");
        }

        return json;
    }
}
