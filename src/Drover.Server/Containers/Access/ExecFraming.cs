using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Drover.Server.Containers.Access;

/// <summary>What a person's end says.</summary>
internal enum ExecInputKind
{
    Nothing,
    Bytes,
    Resize,
    End,
}

/// <param name="Bytes">Input for the process.</param>
internal readonly record struct ExecInput(ExecInputKind Kind, byte[] Bytes, int Width, int Height)
{
    public static ExecInput Nothing { get; } = new(ExecInputKind.Nothing, [], 0, 0);

    public static ExecInput End { get; } = new(ExecInputKind.End, [], 0, 0);

    public static ExecInput Typed(byte[] bytes) => new(ExecInputKind.Bytes, bytes, 0, 0);

    /// <summary>Sizes that no terminal has are not meant.</summary>
    public static ExecInput Resize(int width, int height) => width is > 0 and <= 4096 && height is > 0 and <= 4096 ? new(ExecInputKind.Resize, [], width, height) : Nothing;
}

/// <summary>How input and output of a process travel in the messages of a WebSocket.</summary>
internal abstract class ExecFraming
{
    public static ExecFraming For(string? protocol) => protocol switch
    {
        ChannelFraming.Protocol => new ChannelFraming(),
        PlainFraming.Binary => new PlainFraming(base64: false),
        _ => new PlainFraming(base64: true),
    };

    public abstract ExecInput Read(WebSocketMessageType type, ReadOnlySpan<byte> message);

    /// <param name="stream">1 output, 2 errors.</param>
    public abstract (WebSocketMessageType Type, byte[] Message) Write(byte stream, ReadOnlySpan<byte> bytes);

    /// <summary>How the process ended; null where the protocol has no word for it.</summary>
    public abstract byte[]? WriteEnd(int exitCode);
}

/// <summary>Rancher's: bytes as they are with the sub-protocol <c>binary</c>, as base64 in text messages without; a text <c>:resizeTTY:W,H</c> resizes (cattle-api §4.4).</summary>
internal sealed partial class PlainFraming(bool base64) : ExecFraming
{
    public const string Binary = "binary";

    public override ExecInput Read(WebSocketMessageType type, ReadOnlySpan<byte> message)
    {
        if (type == WebSocketMessageType.Binary)
        {
            return ExecInput.Typed(message.ToArray());
        }

        var text = Encoding.UTF8.GetString(message);
        if (Size().Match(text) is { Success: true } size)
        {
            return ExecInput.Resize(int.Parse(size.Groups["w"].ValueSpan, System.Globalization.CultureInfo.InvariantCulture), int.Parse(size.Groups["h"].ValueSpan, System.Globalization.CultureInfo.InvariantCulture));
        }

        var bytes = new byte[message.Length];
        return base64 && Convert.TryFromBase64String(text, bytes, out var length) ? ExecInput.Typed(bytes[..length]) : ExecInput.Nothing;
    }

    public override (WebSocketMessageType Type, byte[] Message) Write(byte stream, ReadOnlySpan<byte> bytes) =>
        base64 ? (WebSocketMessageType.Text, Encoding.ASCII.GetBytes(Convert.ToBase64String(bytes))) : (WebSocketMessageType.Binary, bytes.ToArray());

    public override byte[]? WriteEnd(int exitCode) => null;

    [GeneratedRegex("^:resizeTTY:(?<w>[0-9]{1,5}),(?<h>[0-9]{1,5})$", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Size();
}

/// <summary>Kubernetes' <c>v5.channel.k8s.io</c>: the first byte of a binary message is its channel; 0 input, 1 output, 2 errors, 3 the end as a Status, 4 size, 255 closes the one named after it.</summary>
/// <remarks>Source: k8s.io/apimachinery <c>pkg/util/httpstream/wsstream</c> and <c>remotecommand</c>. It tells errors from output, and how the process ended.</remarks>
internal sealed class ChannelFraming : ExecFraming
{
    public const string Protocol = "v5.channel.k8s.io";
    private const byte Input = 0, Status = 3, Size = 4, Close = 255;

    public override ExecInput Read(WebSocketMessageType type, ReadOnlySpan<byte> message) => message switch
    {
        [Input, .. var bytes] => ExecInput.Typed(bytes.ToArray()),
        [Size, .. var json] => ReadSize(json),
        [Close, Input] => ExecInput.End,
        _ => ExecInput.Nothing,
    };

    public override (WebSocketMessageType Type, byte[] Message) Write(byte stream, ReadOnlySpan<byte> bytes) => (WebSocketMessageType.Binary, [stream, .. bytes]);

    public override byte[]? WriteEnd(int exitCode)
    {
        var status = exitCode == 0
            ? new JsonObject { ["metadata"] = new JsonObject(), ["status"] = "Success" }
            : new JsonObject
            {
                ["metadata"] = new JsonObject(),
                ["status"] = "Failure",
                ["reason"] = "NonZeroExitCode",
                ["message"] = $"command terminated with non-zero exit code: exit status {exitCode}",
                ["details"] = new JsonObject { ["causes"] = new JsonArray(new JsonObject { ["reason"] = "ExitCode", ["message"] = exitCode.ToString(System.Globalization.CultureInfo.InvariantCulture) }) },
            };
        return [Status, .. Encoding.UTF8.GetBytes(status.ToJsonString())];
    }

    private static ExecInput ReadSize(ReadOnlySpan<byte> json)
    {
        try
        {
            var size = JsonNode.Parse(json)?.AsObject();
            return ExecInput.Resize((int?)size?["Width"] ?? 0, (int?)size?["Height"] ?? 0);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException or OverflowException)
        {
            return ExecInput.Nothing;
        }
    }
}
