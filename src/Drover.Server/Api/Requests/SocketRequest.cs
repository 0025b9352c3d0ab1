namespace Drover.Server.Api.Requests;

/// <summary>A request for a WebSocket whose right is in a token of its own.</summary>
internal static class SocketRequest
{
    /// <exception cref="ApiError">400: it is none.</exception>
    public static void RequireSocket(this ApiContext context, string what)
    {
        if (!context.Http.WebSockets.IsWebSocketRequest)
        {
            throw new ApiError(400, "UpgradeRequired", $"{what} a WebSocket: send an upgrade request.");
        }
    }

    /// <summary>From the query, because a browser can set no header on a WebSocket, else as Bearer.</summary>
    public static string? SocketToken(this ApiContext context)
    {
        var header = context.Http.Request.Headers.Authorization.ToString();
        return context.Http.Request.Query["token"].FirstOrDefault() ?? (header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) ? header["Bearer ".Length..].Trim() : null);
    }
}
