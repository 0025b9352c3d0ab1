using System.Text.Json.Nodes;

namespace Drover.Server.Api.Requests;

/// <summary>Ends a request with an error answer in Cattle's form (cattle-api §1.7).</summary>
/// <param name="status">HTTP status.</param>
/// <param name="code">Stable word for programs, such as <c>MaxLengthExceeded</c>.</param>
/// <param name="detail">A sentence for people: what is wrong and what would be right.</param>
/// <param name="fieldName">The field at fault, such as <c>mesosConfig.memory</c>.</param>
internal sealed class ApiError(int status, string code, string detail, string? fieldName = null) : Exception(detail)
{
    public int Status { get; } = status;

    public string Code { get; } = code;

    public string? FieldName { get; } = fieldName;

    /// <summary>Seconds for a Retry-After header.</summary>
    public int? RetryAfter { get; init; }

    public static ApiError NotFound(string what) => new(404, "Not Found", $"There is no {what}, or you may not see it.");

    public static ApiError Forbidden(string detail) => new(403, "Forbidden", detail);

    public static ApiError Invalid(string code, string field, string detail) => new(422, code, detail, field);

    public static ApiError Method(string detail) => new(405, "Method not allowed", detail);

    public static ApiError Unauthorized(string detail = "Send an access key and secret key (Basic), or a token (Bearer).") => new(401, "Unauthorized", detail);

    public JsonObject ToJson() => new()
    {
        ["id"] = Guid.NewGuid().ToString(),
        ["type"] = "error",
        ["links"] = new JsonObject(),
        ["actions"] = new JsonObject(),
        ["status"] = Status,
        ["code"] = Code,
        ["message"] = Message,
        ["detail"] = Message,
        ["fieldName"] = FieldName,
    };
}
