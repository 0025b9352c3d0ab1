using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Drover.Server.Api.Output;

/// <summary>Writes a JSON answer.</summary>
internal static class AnswerWriter
{
    /// <summary>Bytes.</summary>
    private const int Chunk = 64 * 1024;

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
        writer.WriteStartObject();
        foreach (var (name, value) in body)
        {
            writer.WritePropertyName(name);
            if (value is JsonArray items)
            {
                await WriteAsync(http, writer, items);
            }
            else
            {
                Write(writer, value);
            }
        }

        writer.WriteEndObject();
        await writer.FlushAsync(http.RequestAborted);
    }

    /// <summary>A list may be long: what is written goes out on the way, so that it is never held as a whole.</summary>
    private static async Task WriteAsync(HttpContext http, Utf8JsonWriter writer, JsonArray items)
    {
        writer.WriteStartArray();
        var sent = 0L;
        foreach (var item in items)
        {
            Write(writer, item);
            if (writer.BytesCommitted + writer.BytesPending - sent > Chunk)
            {
                await writer.FlushAsync(http.RequestAborted);
                await http.Response.BodyWriter.FlushAsync(http.RequestAborted);
                sent = writer.BytesCommitted;
            }
        }

        writer.WriteEndArray();
    }

    private static void Write(Utf8JsonWriter writer, JsonNode? value)
    {
        if (value is null)
        {
            writer.WriteNullValue();
        }
        else
        {
            value.WriteTo(writer);
        }
    }
}
