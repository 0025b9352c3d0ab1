using System.Net.WebSockets;
using Drover.Api.Cattle;

namespace Drover.Cli.Containers;

/// <summary>Opens the WebSocket that an action's answer names (Rancher's <c>hostAccess</c>).</summary>
internal static class StreamDial
{
    /// <summary>The server's word for: it cannot be reached, or broke.</summary>
    private const int CloseRefused = 4503;

    /// <param name="protocol">Sub-protocol.</param>
    /// <exception cref="CattleException">The server does not answer, or does not take the token.</exception>
    public static async Task<ClientWebSocket> OpenAsync(CattleClient environment, CattleResource access, string? protocol, CancellationToken cancellationToken)
    {
        // The server may know itself by another name than we know it.
        var url = new UriBuilder(environment.Root) { Path = new Uri(access.Text("url")!).AbsolutePath, Query = $"token={Uri.EscapeDataString(access.Text("token")!)}" };
        url.Scheme = url.Scheme == Uri.UriSchemeHttps ? "wss" : "ws";
        var socket = new ClientWebSocket();
        socket.Options.CollectHttpResponseDetails = true;
        if (protocol is not null)
        {
            socket.Options.AddSubProtocol(protocol);
        }

        if (environment.Root.IsLoopback)
        {
            socket.Options.Proxy = null;
        }

        try
        {
            await socket.ConnectAsync(url.Uri, cancellationToken);
            return socket;
        }
        catch (WebSocketException e)
        {
            using (socket)
            {
                throw (int)socket.HttpStatusCode is 0
                    ? new CattleException(0, "Unreachable", $"No answer from {environment.Root.GetLeftPart(UriPartial.Authority)}: {e.Message}", null, e)
                    : new CattleException((int)socket.HttpStatusCode, "StreamRefused", socket.HttpStatusCode == System.Net.HttpStatusCode.ServiceUnavailable ? "The host is not connected at present; its link returns by itself." : $"The server does not open the stream ({(int)socket.HttpStatusCode}).", null, e);
            }
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>The end of a stream as a failure, where it did not end by itself.</summary>
    public static CliFailure? FailureOf(WebSocket socket) => socket.CloseStatus switch
    {
        WebSocketCloseStatus.NormalClosure => null,
        null => new CliFailure(ExitCode.Unreachable, "The connection to the server broke."),
        WebSocketCloseStatus.EndpointUnavailable => new CliFailure(ExitCode.Unreachable, socket.CloseStatusDescription is { Length: > 0 } reason ? reason : "The server stops."),
        _ => new CliFailure((int)socket.CloseStatus == CloseRefused ? ExitCode.Refused : ExitCode.Failed, socket.CloseStatusDescription is { Length: > 0 } reason ? reason : "The server ended it."),
    };
}
