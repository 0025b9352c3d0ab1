using System.Net.Http.Headers;
using Drover.Api.Cattle;
using Drover.Cli.Local;

namespace Drover.Cli.Connection;

/// <summary>Which server a command talks to, and why that one.</summary>
/// <param name="Url">Without an API version: <c>http://HOST:PORT</c>, perhaps with a path in front of <c>/v2-beta</c>.</param>
/// <param name="ProjectId">The environment, when the way of choosing names one.</param>
/// <param name="Origin">For messages: <c>the local instance in /data</c>.</param>
internal sealed record ServerChoice(Uri Url, AuthenticationHeaderValue Authorization, string? ProjectId, string Origin);

/// <summary>What may decide which server is meant.</summary>
internal sealed record ServerHints
{
    /// <summary><c>--data</c> or <c>DROVER_DATA</c>.</summary>
    public DataFolder? Named { get; init; }

    public string? Url { get; init; }

    public string? AccessKey { get; init; }

    public string? SecretKey { get; init; }

    public SavedLogin? Login { get; init; }

    /// <summary>The default data folder; null when there is no home folder.</summary>
    public DataFolder? Default { get; init; }

    /// <summary>What runs on a data folder.</summary>
    public required Func<DataFolder, InstanceRecord?> Running { get; init; }
}

/// <summary>The order in which a server is chosen: a named data folder, the environment's variables, the saved login, the default data folder.</summary>
internal static class ServerDecision
{
    private const string HowToChoose = "Start one here with './drover up', log in to one with 'drover login --url URL', or set DROVER_URL, DROVER_ACCESS_KEY and DROVER_SECRET_KEY.";

    /// <exception cref="CliFailure">No server can be chosen; the message says what to do.</exception>
    public static ServerChoice Decide(ServerHints hints)
    {
        if (hints.Named is { } named)
        {
            return Local(named, hints);
        }

        if (hints.Url is not null)
        {
            return FromVariables(hints);
        }

        if (hints.Login is { } login)
        {
            var authorization = login.Token is { } token ? CattleClient.Bearer(token) : CattleClient.Basic(login.AccessKey!, login.SecretKey!);
            return Remote(login.Url, authorization, $"the saved login to {login.Url.GetLeftPart(UriPartial.Authority)}");
        }

        return hints.Default is { HasInstance: true } folder
            ? Local(folder, hints)
            : throw new CliFailure(ExitCode.Unreachable, "No server is chosen: nothing runs here, and there is no login.", HowToChoose);
    }

    /// <summary>Takes the API version and environment off a URL as people copy it: <c>…/v2-beta/projects/1a5</c>.</summary>
    public static (Uri Url, string? ProjectId) Split(Uri url)
    {
        var parts = url.AbsolutePath.Split('/', StringSplitOptions.RemoveEmptyEntries);
        var version = Array.FindIndex(parts, p => p is "v1" or "v2-beta");
        var project = version >= 0 && parts.Length > version + 2 && parts[version + 1] == "projects" ? parts[version + 2] : null;
        var path = version >= 0 ? parts[..version] : parts;
        return (new Uri($"{url.GetLeftPart(UriPartial.Authority)}/{string.Join('/', path)}".TrimEnd('/')), project);
    }

    private static ServerChoice Local(DataFolder folder, ServerHints hints)
    {
        if (hints.Running(folder) is not { } instance)
        {
            throw new CliFailure(
                ExitCode.Unreachable,
                folder.HasInstance ? $"Drover does not run on {folder.Path}." : $"There is no Drover in {folder.Path}.",
                $"Start it with './drover up --data {folder.Path}'.");
        }

        return folder.ReadAdminKey() is { } key
            ? new ServerChoice(instance.Url, CattleClient.Basic(key.AccessKey, key.SecretKey), key.ProjectId, $"the local instance in {folder.Path}")
            : throw new CliFailure(ExitCode.NotAuthorised, $"The key of the local instance, {folder.AdminKeyFile}, cannot be read.", "Run this as the user who started it, or use 'drover login'.");
    }

    private static ServerChoice FromVariables(ServerHints hints)
    {
        if (!Uri.TryCreate(hints.Url, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https"))
        {
            throw new CliFailure(ExitCode.Usage, $"DROVER_URL is no http or https address: '{hints.Url}'.", "It looks like http://HOST:8080.");
        }

        return hints is { AccessKey: { } access, SecretKey: { } secret }
            ? Remote(url, CattleClient.Basic(access, secret), $"DROVER_URL {url.GetLeftPart(UriPartial.Authority)}")
            : throw new CliFailure(
                ExitCode.Usage,
                $"DROVER_URL is set, but {(hints.AccessKey is null ? "DROVER_ACCESS_KEY" : "DROVER_SECRET_KEY")} is not.",
                "Set both keys, or unset DROVER_URL to use the saved login.");
    }

    private static ServerChoice Remote(Uri url, AuthenticationHeaderValue authorization, string origin)
    {
        var (server, project) = Split(url);
        return new ServerChoice(server, authorization, project, origin);
    }
}
