using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Drover.Server.Api.Output;

/// <summary>Writes a JSON answer.</summary>
internal static class AnswerWriter
{
    // Answers are application/json with nosniff: nothing reads them as HTML, so texts may stay readable.
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static async Task WriteAsync(HttpContext http, int status, JsonObject body)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = "application/json; charset=utf-8";
        http.Response.Headers.XContentTypeOptions = "nosniff";
        http.Response.Headers.CacheControl = "no-store";
        if (HttpMethods.IsHead(http.Request.Method))
        {
            return;
        }

        await using var writer = new Utf8JsonWriter(http.Response.BodyWriter, Options);
        body.WriteTo(writer);
        await writer.FlushAsync(http.RequestAborted);
    }
}
