namespace Drover.Web;

/// <summary>What the pages need to know to run.</summary>
public sealed class WebOptions
{
    /// <summary>The API's root, such as <c>http://127.0.0.1:8080/v2-beta</c>. The pages reach everything through it, with the user's own
    /// token. May be set until the first request, for a server that learns its port when it starts.</summary>
    public Uri Api { get; set; } = new("http://127.0.0.1:8080/v2-beta");

    /// <summary>A folder for the keys that sign forms and page state; created if missing. Null keeps them where ASP.NET does. Below the
    /// data folder, forms that were opened before a restart still work after it.</summary>
    public string? KeyDirectory { get; set; }

    /// <summary>Where the first password is found, said on the sign-in page while it exists; null says nothing.</summary>
    public string? InitialPasswordFile { get; set; }
}
