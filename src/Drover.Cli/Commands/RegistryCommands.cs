using System.CommandLine;
using System.Text.Json.Nodes;
using Drover.Api.Cattle;
using Drover.Cli.Output;

namespace Drover.Cli.Commands;

/// <summary><c>drover registry ls | add | rm</c>: where the environment pulls container images from with a login.</summary>
internal static class RegistryCommands
{
    private static readonly string[] Fields = ["id", "address", "user", "state"];

    private static readonly Column[] Columns = [Column.Of("ADDRESS", "address"), Column.Of("USER", "user"), Column.Of("STATE", "state", ColumnKind.State), Column.Of("ID", "id")];

    public static Command Create(CliContext context, SharedOptions shared) => new("registry", "Registries of container images that need a login")
    {
        List(context, shared),
        Add(context, shared),
        Remove(context, shared),
    };

    private static Command List(CliContext context, SharedOptions shared)
    {
        var command = new Command("ls", "List them") { shared.Format, shared.Quiet };
        command.Aliases.Add("list");
        command.SetAction(async (parsed, token) =>
        {
            using var server = shared.Choose(context, parsed);
            var environment = await server.EnvironmentAsync(token);
            var logins = (await environment.ListAsync("registryCredentials", token)).ToLookup(c => c.Text("registryId"), StringComparer.Ordinal);
            var rows = (await RegistriesAsync(environment, token)).Select(registry => new JsonObject
            {
                ["id"] = registry.Id,
                ["address"] = registry.Text("serverAddress"),
                ["user"] = logins[registry.Id].FirstOrDefault(c => c.State == "active")?.Text("publicValue"),
                ["state"] = registry.State,
            });
            shared.Print(new Listing([.. rows], Columns, Fields) { WhenEmpty = "No registry needs a login. Add one: drover registry add registry.example.com --user NAME" }, context, parsed);
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Add(CliContext context, SharedOptions shared)
    {
        var address = new Argument<string>("ADDRESS") { Description = "As images name it: registry.example.com:5000; Docker Hub is docker.io", HelpName = "ADDRESS" };
        var user = new Option<string>("--user", "-u") { Description = "Name of the login", Required = true, HelpName = "NAME" };
        var fromInput = new Option<bool>("--password-stdin") { Description = "Read the password from standard input" };
        var command = new Command("add", "Add a registry with its login, or change its login. Asks for the password") { address, user, fromInput };
        command.SetAction(async (parsed, token) =>
        {
            using var server = shared.Choose(context, parsed);
            var environment = await server.EnvironmentAsync(token);
            var secret = Secret(context, parsed.GetValue(fromInput));
            var name = Normal(parsed.GetRequiredValue(address));
            var registry = (await RegistriesAsync(environment, token)).FirstOrDefault(r => r.Text("serverAddress") == name)
                ?? await environment.CreateAsync("registries", new JsonObject { ["serverAddress"] = name }, token);
            var login = new JsonObject { ["registryId"] = registry.Id, ["publicValue"] = parsed.GetRequiredValue(user), ["secretValue"] = secret };
            var known = (await environment.ListAsync("registryCredentials", [new("registryId", registry.Id)], token)).FirstOrDefault(c => c.State is not ("removed" or "purged"));
            await (known is null ? environment.CreateAsync("registryCredentials", login, token) : environment.UpdateAsync("registryCredentials", known.Id, login, token));
            context.Console.Out.WriteLine(TextSafety.Line(registry.Text("serverAddress")));
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Remove(CliContext context, SharedOptions shared)
    {
        var addresses = new Argument<string[]>("ADDRESS") { Description = "Addresses or ids", HelpName = "ADDRESS", Arity = ArgumentArity.OneOrMore };
        var command = new Command("rm", "Remove registries with their logins") { addresses };
        command.SetAction(async (parsed, token) =>
        {
            using var server = shared.Choose(context, parsed);
            var environment = await server.EnvironmentAsync(token);
            var all = await RegistriesAsync(environment, token);
            var found = parsed.GetRequiredValue(addresses).Select(name => all.FirstOrDefault(r => r.Id == name || r.Text("serverAddress") == Normal(name))
                ?? throw new CliFailure(ExitCode.NotFound, $"There is no registry '{name}'.", "'drover registry ls' lists them.")).ToList();
            foreach (var registry in found)
            {
                await environment.DeleteAsync("registries", registry.Id, token);
                context.Console.Out.WriteLine(TextSafety.Line(registry.Text("serverAddress")));
            }

            return ExitCode.Ok;
        });
        return command;
    }

    private static async Task<List<CattleResource>> RegistriesAsync(CattleClient environment, CancellationToken token) =>
        [.. (await environment.ListAsync("registries", token)).Where(r => r.State is not ("removed" or "purged")).OrderBy(r => r.Text("serverAddress"), StringComparer.Ordinal)];

    private static string Normal(string address) => address.Trim().ToLowerInvariant() is var text && text is "docker.io" ? "index.docker.io" : text;

    private static string Secret(CliContext context, bool fromInput) =>
        fromInput ? context.Console.In.ReadToEnd().TrimEnd('\r', '\n') is { Length: > 0 } given ? given : throw new CliFailure(ExitCode.Usage, "Standard input holds no password.")
        : context.Console.IsInteractive ? context.Console.AskSecret("Password: ") is { Length: > 0 } typed ? typed : throw new CliFailure(ExitCode.Usage, "No password was given.")
        : throw new CliFailure(ExitCode.Usage, "There is no terminal to ask for the password.", "Pipe it in: drover registry add ADDRESS --user NAME --password-stdin");
}
