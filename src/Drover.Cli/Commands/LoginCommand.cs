using System.CommandLine;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using Drover.Api.Cattle;
using Drover.Cli.Connection;
using Drover.Cli.Output;

namespace Drover.Cli.Commands;

/// <summary><c>drover login</c>: proves the credentials to the server, then keeps a token or a key pair for later commands.</summary>
internal static class LoginCommand
{
    public static Command Create(CliContext context)
    {
        var url = new Option<string?>("--url") { Description = "Address of the server, such as http://HOST:8080", HelpName = "URL" };
        var user = new Option<string?>("--username", "-u") { Description = "User name", HelpName = "NAME" };
        var fromInput = new Option<bool>("--password-stdin") { Description = "Read the password from standard input" };
        var accessKey = new Option<string?>("--access-key") { Description = "API key instead of a user", HelpName = "KEY" };
        var secretKey = new Option<string?>("--secret-key") { Description = "Secret of the API key", HelpName = "SECRET" };
        var command = new Command("login", "Log in to a server and remember it") { url, user, fromInput, accessKey, secretKey };
        command.Validators.Add(result =>
        {
            if (result.GetValue(accessKey) is null != result.GetValue(secretKey) is null)
            {
                result.AddError("--access-key and --secret-key go together.");
            }
            else if (result.GetValue(accessKey) is not null && (result.GetValue(user) is not null || result.GetValue(fromInput)))
            {
                result.AddError("Give either a user or an API key.");
            }
        });
        command.SetAction(async (parsed, token) =>
        {
            var server = AddressOf(parsed.GetValue(url) ?? context.Variable("DROVER_URL") ?? Ask(context, "Server (http://HOST:8080): ", "--url"));
            var login = parsed.GetValue(accessKey) is { } key
                ? await WithKeyAsync(server, key, parsed.GetValue(secretKey)!, context, token)
                : await WithPasswordAsync(server, parsed.GetValue(user) ?? Ask(context, "User: ", "--username"), Password(parsed.GetValue(fromInput), context), context, token);
            var file = SavedLogin.FileOf(context);
            login.Write(file);
            context.Console.Error.WriteLine($"Logged in to {login.Url} as {TextSafety.Line(login.User)}. Kept in {file}.");
            return ExitCode.Ok;
        });
        return command;
    }

    private static async Task<SavedLogin> WithKeyAsync(Uri server, string accessKey, string secretKey, CliContext context, CancellationToken token)
    {
        using var http = context.Http(server);
        var api = Api(http, server, CattleClient.Basic(accessKey, secretKey));
        _ = await api.PageAsync("projects", token);
        return new SavedLogin(server, null, accessKey, secretKey, $"key {accessKey}");
    }

    private static async Task<SavedLogin> WithPasswordAsync(Uri server, string user, string password, CliContext context, CancellationToken token)
    {
        using var http = context.Http(server);
        try
        {
            var answer = await Api(http, server, null).CreateAsync("token", new JsonObject { ["code"] = $"{user}:{password}" }, token);
            return answer.Text("jwt") is { Length: > 0 } jwt
                ? new SavedLogin(server, jwt, null, null, user)
                : throw new CliFailure(ExitCode.Failed, $"{server} answered without a token.", "Is this a Drover or Rancher 1.x server with local users?");
        }
        catch (CattleException e) when (e.Status is 401 or 403)
        {
            throw new CliFailure(ExitCode.NotAuthorised, "Wrong user name or password.", "The first password of a new instance is in the file initial-password of its data folder.", e);
        }
    }

    private static CattleClient Api(HttpClient http, Uri server, AuthenticationHeaderValue? authorization) =>
        new(http, new Uri($"{server.AbsoluteUri.TrimEnd('/')}/v2-beta"), authorization);

    private static Uri AddressOf(string text) =>
        Uri.TryCreate(text.Contains("://", StringComparison.Ordinal) ? text : $"http://{text}", UriKind.Absolute, out var url) && url.Scheme is "http" or "https"
            ? ServerDecision.Split(url).Url
            : throw new CliFailure(ExitCode.Usage, $"'{text}' is no address of a server.", "It looks like http://HOST:8080.");

    private static string Password(bool fromInput, CliContext context)
    {
        var password = fromInput ? context.Console.In.ReadLine()
            : context.Console.IsInteractive ? context.Console.AskSecret("Password: ")
            : throw new CliFailure(ExitCode.Usage, "There is no terminal to ask for the password on.", "Use --password-stdin.");
        return string.IsNullOrEmpty(password) ? throw new CliFailure(ExitCode.Usage, "The password is empty.") : password;
    }

    private static string Ask(CliContext context, string question, string option)
    {
        var answer = context.Console.IsInteractive ? context.Console.Ask(question)?.Trim() : null;
        return string.IsNullOrEmpty(answer) ? throw new CliFailure(ExitCode.Usage, $"{option} is missing.") : answer;
    }
}

/// <summary><c>drover logout</c></summary>
internal static class LogoutCommand
{
    public static Command Create(CliContext context)
    {
        var command = new Command("logout", "Forget the saved login");
        command.SetAction(_ =>
        {
            var file = SavedLogin.FileOf(context);
            var known = File.Exists(file);
            File.Delete(file);
            context.Console.Error.WriteLine(known ? "Logged out." : "There was no login.");
            return ExitCode.Ok;
        });
        return command;
    }
}
