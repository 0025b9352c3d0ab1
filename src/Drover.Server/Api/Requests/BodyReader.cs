using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Primitives;

namespace Drover.Server.Api.Requests;

/// <summary>Reads a request's body: a JSON object whatever the Content-Type says, or a form; query parameters are merged under it.</summary>
internal static class BodyReader
{
    public const int MaxBytes = 1024 * 1024;

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 32 };

    public static async Task<JsonObject> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        if (request.HasFormContentType && request.ContentType!.StartsWith("multipart/", StringComparison.OrdinalIgnoreCase))
        {
            if (request.HttpContext.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
            {
                limit.MaxRequestBodySize = MaxBytes;
            }

            var form = await request.ReadFormAsync(cancellationToken);
            return MergeQuery(request, Fields(form));
        }

        var bytes = await ReadBytesAsync(request, cancellationToken);
        if (bytes.Length == 0)
        {
            return MergeQuery(request, []);
        }

        // "curl -d '{…}'" calls its JSON a form: what counts is how the body begins.
        return MergeQuery(request, request.HasFormContentType && bytes.Span.TrimStart(" \t\r\n"u8) is not [(byte)'{', ..]
            ? Fields(QueryHelpers.ParseQuery(Encoding.UTF8.GetString(bytes.Span)))
            : Parse(bytes.Span));
    }

    /// <summary>Strict JSON: one object, no doubled names, no broken text.</summary>
    public static JsonObject Parse(ReadOnlySpan<byte> utf8)
    {
        try
        {
            var node = JsonNode.Parse(utf8, documentOptions: Strict);
            Touch(node);
            return node as JsonObject ?? throw Invalid("The body must be a JSON object.");
        }
        catch (JsonException e)
        {
            throw Invalid($"The body is no valid JSON: {e.Message}");
        }
        catch (InvalidOperationException)
        {
            throw Invalid("The body holds text that is no valid Unicode.");
        }
    }

    private static JsonObject Fields(IEnumerable<KeyValuePair<string, StringValues>> form)
    {
        var fields = new JsonObject();
        foreach (var (key, value) in form)
        {
            fields[key] = value.ToString();
        }

        return fields;
    }

    private static async Task<ReadOnlyMemory<byte>> ReadBytesAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        if (request.ContentLength > MaxBytes)
        {
            throw TooLarge();
        }

        using var buffer = new MemoryStream();
        var chunk = new byte[16 * 1024];
        while (await request.Body.ReadAsync(chunk, cancellationToken) is > 0 and var count)
        {
            buffer.Write(chunk, 0, count);
            if (buffer.Length > MaxBytes)
            {
                throw TooLarge();
            }
        }

        return buffer.ToArray();
    }

    /// <summary>Reads every text once: JSON may hold half of a surrogate pair, which is found out only then.</summary>
    private static void Touch(JsonNode? node)
    {
        switch (node)
        {
            case JsonObject map:
                foreach (var (_, value) in map)
                {
                    Touch(value);
                }

                break;
            case JsonArray array:
                foreach (var item in array)
                {
                    Touch(item);
                }

                break;
            case JsonValue value when value.GetValueKind() == JsonValueKind.String:
                value.GetValue<string>();
                break;
        }
    }

    private static JsonObject MergeQuery(HttpRequest request, JsonObject body)
    {
        foreach (var (key, value) in request.Query)
        {
            if (key is not ("action" or "token" or "projectId") && !key.StartsWith('_') && !body.ContainsKey(key))
            {
                body[key] = value.Count == 1 ? value.ToString() : new JsonArray([.. value.Select(v => (JsonNode?)v)]);
            }
        }

        return body;
    }

    private static ApiError Invalid(string detail) => new(400, "InvalidBodyContent", detail);

    private static ApiError TooLarge() => new(413, "Request Entity Too Large", $"A body may have at most {MaxBytes / 1024} KiB.");
}
