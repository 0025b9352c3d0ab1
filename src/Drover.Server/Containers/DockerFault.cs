using System.Text.Json;
using System.Text.Json.Nodes;
using Docker.DotNet;

namespace Drover.Server.Containers;

/// <summary>Docker's refusals in its own words.</summary>
internal static class DockerFault
{
    /// <summary>The <c>message</c> of its answer, as its own client shows it.</summary>
    public static string Sentence(DockerApiException fault)
    {
        try
        {
            return fault.ResponseBody is { Length: > 0 } body && (string?)JsonNode.Parse(body)?["message"] is { Length: > 0 } message ? message : fault.Message;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return fault.ResponseBody!;
        }
    }

    /// <summary>Whether it was not Docker that refused, but the way to it that broke.</summary>
    /// <param name="token">Of the call: what was cancelled without it was cancelled by the end of the link.</param>
    public static bool IsAway(Exception fault, CancellationToken token) =>
        fault is HttpRequestException or IOException or ObjectDisposedException || (fault is OperationCanceledException && !token.IsCancellationRequested);

    /// <summary>Why the way is broken.</summary>
    public static string Away(Exception fault) => fault is OperationCanceledException or ObjectDisposedException ? "The link to the host broke; it returns by itself." : fault.InnerException is { } inner && fault is HttpRequestException ? inner.Message : fault.Message;
}
