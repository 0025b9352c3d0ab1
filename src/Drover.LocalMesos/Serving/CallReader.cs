using Google.Protobuf;
using Microsoft.AspNetCore.Http;

namespace Drover.LocalMesos;

/// <summary>The checks that every v1 endpoint makes before it looks at a call, in Mesos' order.</summary>
internal static class CallReader
{
    /// <summary>Reads the call, or answers the request and returns null.</summary>
    /// <param name="credentials">Null: everyone may call.</param>
    /// <param name="realm">Named in a 401.</param>
    public static async Task<T?> ReadAsync<T>(HttpContext http, MessageParser<T> parser, LocalCredentials? credentials, string realm)
        where T : class, IMessage<T>
    {
        if (credentials is not null && !credentials.Allow(http.Request))
        {
            http.Response.Headers.WWWAuthenticate = $"Basic realm=\"{realm}\"";
            await RefuseAsync(http, StatusCodes.Status401Unauthorized, "Principal or secret are wrong or missing");
            return null;
        }

        if (!HttpMethods.IsPost(http.Request.Method))
        {
            http.Response.Headers.Allow = "POST";
            await RefuseAsync(http, StatusCodes.Status405MethodNotAllowed, $"Expecting one of {{ 'POST' }}, but received '{http.Request.Method}'");
            return null;
        }

        // Compared as raw text, as Mesos does: a charset or other case is refused.
        var contentType = http.Request.ContentType;
        if (contentType != MesosHttp.Protobuf)
        {
            await (string.IsNullOrEmpty(contentType)
                ? RefuseAsync(http, StatusCodes.Status400BadRequest, "Expecting 'Content-Type' to be present")
                : RefuseAsync(http, StatusCodes.Status415UnsupportedMediaType, $"Expecting 'Content-Type' of {MesosHttp.Protobuf}"));
            return null;
        }

        using var body = new MemoryStream();
        await http.Request.Body.CopyToAsync(body, http.RequestAborted);
        try
        {
            var call = parser.ParseFrom(body.GetBuffer().AsSpan(0, (int)body.Length));
            if (call.IsInitialized())
            {
                return call;
            }

            await RefuseAsync(http, StatusCodes.Status400BadRequest, $"Failed to parse body into Call protobuf: required fields are missing in {call}");
        }
        catch (InvalidProtocolBufferException)
        {
            await RefuseAsync(http, StatusCodes.Status400BadRequest, "Failed to parse body into Call protobuf");
        }

        return null;
    }

    /// <summary>Whether the client takes protobuf; answers 406 when not. Absent or <c>*/*</c> would mean JSON to Mesos, and is taken here.</summary>
    public static async Task<bool> AcceptsAsync(HttpContext http)
    {
        var accept = http.Request.Headers.Accept.ToString();
        if (accept.Length == 0 || accept.Split(',').Select(a => a.Split(';')[0].Trim()).Any(a => a is MesosHttp.Protobuf or "*/*" or "application/*"))
        {
            return true;
        }

        await RefuseAsync(http, StatusCodes.Status406NotAcceptable, $"Expecting 'Accept' to allow '{MesosHttp.Protobuf}'");
        return false;
    }

    public static Task RefuseAsync(HttpContext http, int status, string reason)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = "text/plain;charset=utf-8";
        return http.Response.WriteAsync(reason, http.RequestAborted);
    }

    public static async Task AnswerAsync(HttpContext http, IMessage response)
    {
        var body = response.ToByteArray();
        http.Response.ContentType = MesosHttp.Protobuf;
        http.Response.ContentLength = body.Length;
        await http.Response.Body.WriteAsync(body, http.RequestAborted);
    }
}
