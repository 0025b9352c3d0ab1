using Drover.Web.Session;
using Drover.Web.Theme;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Routing;
using Microsoft.AspNetCore.Components.Web;
using Microsoft.AspNetCore.Http;

namespace Drover.Web;

/// <summary>The document around every page. Drawn once per load by the server, so it alone sees cookies.</summary>
public partial class App
{
    private IComponentRenderMode? _mode;
    private string? _token;
    private string? _user;
    private string? _environment;
    private string _choice = Look.System;
    private bool? _dark;
    private bool _show = true;

    [CascadingParameter]
    public HttpContext Context { get; set; } = null!;

    [Inject]
    private NavigationManager Navigation { get; set; } = null!;

    protected override void OnInitialized()
    {
        var cookies = Context.Request.Cookies;
        _mode = Context.AcceptsInteractiveRouting() ? RenderMode.InteractiveServer : null;
        (_choice, _dark) = Look.Read(cookies[SessionCookies.Theme], cookies[SessionCookies.Scheme]);
        Protect(Context.Response.Headers);
        if (_mode is null)
        {
            return;
        }

        _token = cookies[SessionCookies.Token];
        _user = cookies[SessionCookies.User];
        _environment = cookies[SessionCookies.Environment];
        if (string.IsNullOrEmpty(_token))
        {
            _show = false;
            Navigation.NavigateTo(ReturnUrl.SignIn(Navigation.ToBaseRelativePath(Navigation.Uri)));
        }
    }

    /// <summary>Everything comes from this server. Styles may be inline because the component library computes positions.</summary>
    private static void Protect(IHeaderDictionary headers)
    {
        headers.ContentSecurityPolicy = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self' ws: wss:; "
            + "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'";
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "same-origin";
        headers.CacheControl = "no-cache, no-store";
        headers.Pragma = "no-cache";
    }
}
