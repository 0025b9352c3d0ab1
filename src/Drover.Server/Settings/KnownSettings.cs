using System.Globalization;
using System.Reflection;

namespace Drover.Server.Settings;

/// <summary>A setting that there is.</summary>
/// <param name="Standard">Its value while nobody has changed it.</param>
/// <param name="Problem">What is wrong with a value, in a sentence; null when nothing is. Null itself: the setting cannot be changed.</param>
internal sealed record KnownSetting(string Name, string Standard, Func<string, string?>? Problem = null)
{
    public bool IsWritable => Problem is not null;
}

internal static class KnownSettings
{
    public const string ApiHost = "api.host";

    /// <summary>Spares that the scheduler keeps ready: a number per agent machine and size, or <c>auto</c>. None unless asked for: a spare holds a machine's memory.</summary>
    public const string PoolWarm = "pool.warm";

    /// <summary>Whether the scheduler has templates made: <c>auto</c> or <c>off</c>.</summary>
    public const string PoolTemplates = "pool.templates";

    /// <summary>More spares per agent machine and size are a typing error.</summary>
    private const int MostWarm = 100;

    private static readonly string Version = typeof(KnownSettings).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0";

    public static IReadOnlyList<KnownSetting> All { get; } =
    [
        new(ApiHost, "", value => value.Length == 0 || PublicAddress.Normalize(value) is not null ? null : "api.host must be a URL such as http://10.0.0.1:8080."),
        new(PoolWarm, "0", value => value == "auto" || (int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var n) && n <= MostWarm)
            ? null
            : $"pool.warm must be auto or a number of spares from 0 to {MostWarm}."),
        new(PoolTemplates, "auto", value => value is "auto" or "off" ? null : "pool.templates must be auto or off."),
        new("api.security.enabled", "true"),
        new("api.auth.provider.configured", "localAuthConfig"),
        new("drover.version", Version),
        new("rancher.server.version", Version),
    ];

    public static KnownSetting? Find(string name) => All.FirstOrDefault(k => k.Name == name);
}
