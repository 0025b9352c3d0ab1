using Microsoft.AspNetCore.Http;

namespace Drover.LocalMesos;

/// <summary>How a call ends: a status with a reason, or an open stream.</summary>
internal sealed record CallResult(int Status, string Reason = "")
{
    public static readonly CallResult Accepted = new(StatusCodes.Status202Accepted);

    /// <summary>Set when the answer is a stream.</summary>
    public EventStream? Stream { get; init; }

    /// <summary>The session's name, sent as a header of a stream's answer.</summary>
    public string? StreamId { get; init; }

    public static CallResult BadRequest(string reason) => new(StatusCodes.Status400BadRequest, reason);

    public static CallResult Forbidden(string reason) => new(StatusCodes.Status403Forbidden, reason);

    public static CallResult Open(EventStream stream, string? streamId) => new(StatusCodes.Status200OK) { Stream = stream, StreamId = streamId };
}
