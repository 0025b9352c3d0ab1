using Drover.Server.Api.Output;

namespace Drover.Server.Settings;

/// <summary>The address that hosts are told to reach us by: the setting <c>api.host</c>, the configured URL, or the one that the request came to.</summary>
internal sealed class PublicAddress(ServerOptions options)
{
    /// <summary>The setting's value; kept here so that no answer has to ask the database.</summary>
    public string? Setting { get; set; }

    public string Of(OutputContext context) => Of(new Uri(context.Root).GetLeftPart(UriPartial.Authority));

    public string Of(string origin) => Normalize(Setting) ?? options.PublicUrl?.GetLeftPart(UriPartial.Authority) ?? origin;

    /// <summary>A URL or <c>host:port</c> as <c>scheme://host:port</c>; null when it is neither.</summary>
    public static string? Normalize(string? text)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            return null;
        }

        var full = text.Contains("://", StringComparison.Ordinal) ? text.Trim() : "http://" + text.Trim();
        return Uri.TryCreate(full, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" && url.Host.Length > 0 ? url.GetLeftPart(UriPartial.Authority) : null;
    }
}
