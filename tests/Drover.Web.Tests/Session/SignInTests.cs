using System.Net;
using System.Text.RegularExpressions;
using Drover.Web.Tests.Fakes;

namespace Drover.Web.Tests.Session;

public sealed partial class SignInTests : IAsyncLifetime
{
    private FakeCattle _cattle = null!;
    private WebHost _web = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _cattle = await FakeCattle.StartAsync();
        _web = await WebHost.StartAsync(_cattle.Api);
    }

    public async ValueTask DisposeAsync()
    {
        await _web.DisposeAsync();
        await _cattle.DisposeAsync();
    }

    [Theory]
    [InlineData("/", "/login")]
    [InlineData("/env/1a5/hosts/1ph1?tab=log", "/login?returnUrl=%2Fenv%2F1a5%2Fhosts%2F1ph1%3Ftab%3Dlog")]
    public async Task Page_WithoutSession_GoesToSignIn(string path, string target)
    {
        using var answer = await _web.Http.GetAsync(new Uri(path, UriKind.Relative), Token);
        Assert.Equal((HttpStatusCode.Redirect, target), (answer.StatusCode, Location(answer)));
    }

    [Fact]
    public async Task SignIn_Right_StoresAClosedCookieAndGoesOn()
    {
        using var answer = await _web.SignInAsync(FakeCattle.User, FakeCattle.Password, Token, "/login?returnUrl=%2Fenv%2F1a5%2Fhosts");

        Assert.Equal((HttpStatusCode.Redirect, "/env/1a5/hosts"), (answer.StatusCode, Location(answer)));
        var cookie = answer.Headers.GetValues("Set-Cookie").Single(c => c.StartsWith("token=", StringComparison.Ordinal));
        Assert.Contains("httponly", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("samesite=strict", cookie, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task SignIn_Wrong_SaysSoAtTheFormAndSetsNoCookie()
    {
        using var answer = await _web.SignInAsync(FakeCattle.User, "guess", Token);

        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        var page = await answer.Content.ReadAsStringAsync(Token);
        Assert.Contains("do not belong together", page, StringComparison.Ordinal);
        Assert.Contains("value=\"admin\"", page, StringComparison.Ordinal);
        Assert.DoesNotContain("guess", page, StringComparison.Ordinal);
        Assert.Null(_web.Cookies["token"]);
    }

    [Fact]
    public async Task SignIn_ServerAway_SaysSo()
    {
        await _cattle.DisposeAsync();
        using var answer = await _web.SignInAsync(FakeCattle.User, FakeCattle.Password, Token);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.Contains("The server does not answer", await answer.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
    }

    [Fact]
    public async Task SignIn_ForeignReturnUrl_StaysHere()
    {
        using var answer = await _web.SignInAsync(FakeCattle.User, FakeCattle.Password, Token, "/login?returnUrl=https%3A%2F%2Fevil.example%2F");
        Assert.Equal("/", Location(answer));
    }

    [Fact]
    public async Task SignIn_WithoutTheFormsToken_IsRefused()
    {
        using var answer = await _web.Http.PostAsync(new Uri("/login", UriKind.Relative), new FormUrlEncodedContent([new("_handler", "login"), new("Form.User", FakeCattle.User), new("Form.Password", FakeCattle.Password)]), Token);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
    }

    [Fact]
    public async Task Page_SessionEndedOnTheServer_GoesToSignIn()
    {
        (await _web.SignInAsync(FakeCattle.User, FakeCattle.Password, Token)).Dispose();
        _cattle.SessionsValid = false;
        using var answer = await _web.Http.GetAsync(new Uri("/env/1a5/hosts", UriKind.Relative), Token);
        Assert.Equal("/login?returnUrl=%2Fenv%2F1a5%2Fhosts", Location(answer));
    }

    [Fact]
    public async Task Page_SignedIn_ShowsTheEnvironmentNoWrongStateAndNoSecret()
    {
        (await _web.SignInAsync(FakeCattle.User, FakeCattle.Password, Token)).Dispose();
        using var home = await _web.Http.GetAsync(new Uri("/", UriKind.Relative), Token);
        Assert.Equal("/env/1a5/hosts", Location(home));

        var page = await _web.PageAsync("/env/1a5/hosts", Token);
        Assert.Contains(">Default<", page, StringComparison.Ordinal);
        Assert.Contains("aria-busy=\"true\"", page, StringComparison.Ordinal);
        Assert.DoesNotContain("No hosts yet", page, StringComparison.Ordinal);
        Assert.DoesNotContain("data-ready", page, StringComparison.Ordinal);
        Assert.DoesNotContain(FakeCattle.Token, page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Page_EveryFileItNames_IsServedByThisServer()
    {
        (await _web.SignInAsync(FakeCattle.User, FakeCattle.Password, Token)).Dispose();
        var page = await _web.PageAsync("/env/1a5/hosts", Token);
        var files = Sources().Matches(page).Select(m => m.Groups[1].Value).ToList();

        Assert.Contains(files, f => f.Contains("blazor.web", StringComparison.Ordinal));
        Assert.Contains(files, f => f.Contains("MudBlazor.min", StringComparison.Ordinal));
        Assert.Contains(files, f => f.Contains("scp.css", StringComparison.Ordinal));
        foreach (var file in files)
        {
            Assert.DoesNotContain("//", file, StringComparison.Ordinal);
            using var answer = await _web.Http.GetAsync(new Uri("/" + file.TrimStart('/'), UriKind.Relative), Token);
            Assert.True(answer.IsSuccessStatusCode, $"{file}: {answer.StatusCode}");
        }

        Assert.DoesNotContain("Roboto", page, StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData("dark", null, "data-theme=\"dark\"")]
    [InlineData("light", "dark", "data-theme=\"light\"")]
    [InlineData("system", "dark", "data-theme=\"dark\"")]
    [InlineData(null, null, "<html lang=\"en\">")]
    public async Task Document_ThemeCookies_AreInTheFirstByte(string? choice, string? scheme, string expected)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/login");
        request.Headers.Add("Cookie", $"{(choice is null ? "x=y" : $"drover-theme={choice}")}; {(scheme is null ? "z=z" : $"drover-scheme={scheme}")}");
        using var http = new HttpClient(new HttpClientHandler { UseCookies = false }) { BaseAddress = _web.Http.BaseAddress };
        using var answer = await http.SendAsync(request, Token);
        Assert.Contains(expected, await answer.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
    }

    [Fact]
    public async Task SignOut_Form_EndsTheSession()
    {
        (await _web.SignInAsync(FakeCattle.User, FakeCattle.Password, Token)).Dispose();
        var page = await _web.PageAsync("/env/1a5/hosts", Token);
        using var answer = await _web.Http.PostAsync(new Uri("/logout", UriKind.Relative),
            new FormUrlEncodedContent([new("__RequestVerificationToken", WebHost.Antiforgery().Match(page).Groups[1].Value)]), Token);

        Assert.Equal("/login", Location(answer));
        Assert.Null(_web.Cookies["token"]);
    }

    private static string? Location(HttpResponseMessage answer) =>
        answer.Headers.Location is { IsAbsoluteUri: true } absolute ? absolute.PathAndQuery : answer.Headers.Location?.OriginalString;

    [GeneratedRegex("""<(?:script src|link rel="stylesheet" href|link rel="icon" type="image/svg\+xml" href)="([^"]+)""")]
    private static partial Regex Sources();
}
