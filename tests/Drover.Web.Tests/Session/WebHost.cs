using System.Net;
using System.Text.RegularExpressions;

namespace Drover.Web.Tests.Session;

/// <summary>The pages on a real Kestrel, as a browser without scripts meets them.</summary>
internal sealed partial class WebHost : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly CookieContainer _cookies = new();

    private WebHost(WebApplication app)
    {
        _app = app;
        Http = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false, CookieContainer = _cookies }) { BaseAddress = new Uri(app.Urls.First()) };
    }

    public HttpClient Http { get; }

    public CookieCollection Cookies => _cookies.GetCookies(Http.BaseAddress!);

    public static async Task<WebHost> StartAsync(Uri api, string environment = "Production")
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { ApplicationName = typeof(WebHost).Assembly.GetName().Name, EnvironmentName = environment, ContentRootPath = AppContext.BaseDirectory });
        builder.Logging.ClearProviders();
        builder.WebHost.UseStaticWebAssets();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddDroverWeb(new WebOptions { Api = api });
        var app = builder.Build();
        app.MapDroverWeb();
        await app.StartAsync();
        return new WebHost(app);
    }

    public async Task<string> PageAsync(string path, CancellationToken token) => await Http.GetStringAsync(new Uri(path, UriKind.Relative), token);

    /// <summary>Fills and sends the sign-in form.</summary>
    public async Task<HttpResponseMessage> SignInAsync(string user, string password, CancellationToken token, string path = "/login")
    {
        var page = await PageAsync(path, token);
        return await Http.PostAsync(new Uri(path, UriKind.Relative), new FormUrlEncodedContent(
        [
            new("__RequestVerificationToken", Antiforgery().Match(page).Groups[1].Value),
            new("_handler", "login"),
            new("Form.User", user),
            new("Form.Password", password),
        ]), token);
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    [GeneratedRegex("""name="__RequestVerificationToken" value="([^"]+)""")]
    internal static partial Regex Antiforgery();
}
