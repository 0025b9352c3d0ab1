using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Drover.Api.Cattle;

/// <summary>A resource of the Cattle API as it came over the wire. Typed where every resource is alike, JSON where types differ.</summary>
/// <remarks>Clients of a schema-driven API must carry fields that they do not know, so the document stays whole in <see cref="Json"/>.</remarks>
public sealed class CattleResource(JsonObject json)
{
    public JsonObject Json { get; } = json;

    /// <summary>Formatted id such as <c>1h1</c>; empty when missing.</summary>
    public string Id => Text("id") ?? "";

    public string Type => Text("type") ?? "";

    public string? Name => Text("name");

    public string? State => Text("state");

    public string? Uuid => Text("uuid");

    public string? AccountId => Text("accountId");

    /// <summary><c>yes</c>, <c>no</c> or <c>error</c>.</summary>
    public string? Transitioning => Text("transitioning");

    public string? TransitioningMessage => Text("transitioningMessage");

    public int? TransitioningProgress => (int?)Number("transitioningProgress");

    /// <summary>The text of a field; numbers and booleans as their JSON text; null when absent, null, object or array.</summary>
    public string? Text(string field) => Json[field] switch
    {
        JsonValue value when value.GetValueKind() == JsonValueKind.String => value.GetValue<string>(),
        JsonValue value => value.ToJsonString(),
        _ => null,
    };

    public double? Number(string field) =>
        Json[field] is JsonValue value
        && double.TryParse(value.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : value.ToJsonString(), NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            ? number
            : null;

    public bool Flag(string field) => Json[field] is JsonValue value && value.GetValueKind() == JsonValueKind.True;

    /// <summary>Cattle's dates are <c>yyyy-MM-dd'T'HH:mm:ssZ</c>.</summary>
    public DateTimeOffset? Time(string field) =>
        DateTimeOffset.TryParse(Text(field), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : null;

    public JsonObject? Object(string field) => Json[field] as JsonObject;

    public JsonArray? Array(string field) => Json[field] as JsonArray;

    /// <summary>A field whose values are texts, such as labels.</summary>
    public IReadOnlyDictionary<string, string> Map(string field) =>
        Object(field)?.ToDictionary(p => p.Key, p => p.Value is null ? "" : p.Value.GetValueKind() == JsonValueKind.String ? p.Value.GetValue<string>() : p.Value.ToJsonString(), StringComparer.Ordinal)
        ?? new Dictionary<string, string>(StringComparer.Ordinal);

    public string? Link(string name) => (Object("links")?[name] as JsonValue)?.GetValue<string>();

    public string? ActionUrl(string name) => (Object("actions")?[name] as JsonValue)?.GetValue<string>();
}

/// <summary>One page of a collection.</summary>
public sealed record CattleCollection(IReadOnlyList<CattleResource> Data, string? Next, JsonObject Json);

/// <summary>An answer of the server that is no success, in Cattle's error form, or a server that could not be reached (<see cref="Status"/> 0).</summary>
public sealed class CattleException : Exception
{
    public CattleException(int status, string code, string? detail, string? fieldName, Exception? inner = null)
        : base(Describe(status, code, detail, fieldName), inner)
    {
        Status = status;
        Code = code;
        Detail = detail;
        FieldName = fieldName;
    }

    public int Status { get; }

    public string Code { get; }

    public string? Detail { get; }

    public string? FieldName { get; }

    /// <summary>The server did not answer, or is not up yet: trying again may help.</summary>
    public bool IsTransient => Status is 0 or 408 or 429 or >= 500;

    private static string Describe(int status, string code, string? detail, string? fieldName)
    {
        var text = string.IsNullOrWhiteSpace(detail) ? code : detail;
        if (fieldName is not null && !text.Contains(fieldName, StringComparison.Ordinal))
        {
            text = $"{fieldName}: {text}";
        }

        return status == 0 ? text : $"{text} ({status} {code})";
    }
}
