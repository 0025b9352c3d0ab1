namespace Drover.Cli.Local;

/// <summary>Asks a server whether it is ready: <c>GET /readyz</c>.</summary>
internal static class Readiness
{
    public static async Task<bool> AskAsync(Uri url, CliContext context, CancellationToken cancellationToken)
    {
        try
        {
            using var http = context.Http(url);
            using var answer = await http.GetAsync(new Uri(url, "/readyz"), cancellationToken);
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
        catch (TaskCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }
}
