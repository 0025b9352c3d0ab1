using Drover.Api.Cattle;

namespace Drover.Web.Settings;

/// <summary>A setting of the server, with what it is for.</summary>
public sealed record SettingView(string Name, string Value, bool IsChanged)
{
    /// <summary>Null for one that this page does not know: it is shown, and may be changed, all the same.</summary>
    public string? Meaning => Name switch
    {
        "api.host" => "The address by which hosts and clients reach this server, such as http://10.0.0.1:8080. Empty: the one that they asked.",
        "pool.warm" => "Spares that the scheduler keeps ready for each agent machine and size: a number, or auto to follow the demand.",
        "pool.templates" => "Whether templates of machines are made in the background: auto or off.",
        "api.security.enabled" => "Whether the API asks for credentials.",
        "api.auth.provider.configured" => "Who checks names and passwords.",
        "drover.version" => "The version that runs.",
        "rancher.server.version" => "The version that Rancher clients are told.",
        _ => null,
    };

    /// <summary>It tells something and cannot be changed.</summary>
    public bool IsFixed => Name is "api.security.enabled" or "api.auth.provider.configured" or "drover.version" or "rancher.server.version";

    public static SettingView Of(CattleResource setting) => new(setting.Name ?? setting.Id, setting.Text("value") ?? "", setting.Text("source") == "Database");
}
