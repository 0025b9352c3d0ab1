using System.Text;

namespace Drover.Api;

/// <summary>What a WebSocket's farewell may say: 123 bytes (RFC 6455, 5.5).</summary>
public static class CloseReason
{
    private const int MaxBytes = 123;

    /// <summary>The beginning of a sentence that is too long.</summary>
    public static string Fit(string reason)
    {
        while (Encoding.UTF8.GetByteCount(reason) > MaxBytes)
        {
            reason = reason[..^Math.Max(2, (Encoding.UTF8.GetByteCount(reason) - MaxBytes) / 4)].TrimEnd('…') + "…";
        }

        return reason;
    }
}
