using Drover.Api.Cattle;

namespace Drover.Cli;

/// <summary>An expected end of a command that is no success: one sentence for people, what to do about it, and the exit code.</summary>
internal sealed class CliFailure(int exitCode, string message, string? advice = null, Exception? inner = null) : Exception(message, inner)
{
    public int ExitCode { get; } = exitCode;

    /// <summary>What the user can do; printed on a line of its own.</summary>
    public string? Advice { get; } = advice;

    /// <summary>The server's refusal in the terms of <see cref="Cli.ExitCode"/>.</summary>
    public static CliFailure From(CattleException e) => e.Status switch
    {
        0 => new(Cli.ExitCode.Unreachable, e.Message, "Is the server running? 'drover status' tells; 'drover login' or DROVER_URL choose another server.", e),
        401 => new(Cli.ExitCode.NotAuthorised, "The server does not accept these credentials.", "Log in again with 'drover login', or check DROVER_ACCESS_KEY and DROVER_SECRET_KEY.", e),
        403 => new(Cli.ExitCode.NotAuthorised, Sentence(e), "These credentials have no right to do that; 'drover env ls' shows your environments.", e),
        404 => new(Cli.ExitCode.NotFound, Sentence(e), null, e),
        405 or 409 or 422 => new(Cli.ExitCode.Refused, Sentence(e), null, e),
        _ => new(Cli.ExitCode.Failed, Sentence(e), e.Status >= 500 ? "This is the server's fault; its log says more." : null, e),
    };

    private static string Sentence(CattleException e)
    {
        var text = string.IsNullOrWhiteSpace(e.Detail) ? $"The server answered {e.Status} {e.Code}." : e.Detail;
        return e.FieldName is { } field && !text.Contains(field, StringComparison.Ordinal) ? $"{field}: {text}" : text;
    }
}
