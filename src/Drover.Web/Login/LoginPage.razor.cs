using System.Reflection;
using Drover.Api.Cattle;
using Drover.Web.Session;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Http;

namespace Drover.Web.Login;

/// <summary>Sign-in as a plain form: works before any script has loaded, and the password never enters a circuit.</summary>
public sealed partial class LoginPage
{
    private string? _error;

    [CascadingParameter]
    public HttpContext Context { get; set; } = null!;

    [SupplyParameterFromForm]
    public LoginForm? Form { get; set; }

    /// <summary>Where to go afterwards; foreign addresses are ignored.</summary>
    [SupplyParameterFromQuery]
    public string? ReturnUrl { get; set; }

    [SupplyParameterFromQuery]
    public bool Expired { get; set; }

    [Inject]
    internal ApiSession Session { get; set; } = null!;

    [Inject]
    private WebOptions Options { get; set; } = null!;

    [Inject]
    private NavigationManager Navigation { get; set; } = null!;

    private static string Version { get; } =
        typeof(LoginPage).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "";

    private async Task SignInAsync()
    {
        var (user, password) = (Form?.User?.Trim() ?? "", Form?.Password ?? "");
        if (user.Length == 0 || password.Length == 0)
        {
            Refuse(StatusCodes.Status400BadRequest, "Give a user name and a password.");
            return;
        }

        try
        {
            SessionCookies.SignIn(Context, await Session.SignInAsync(user, password, Context.RequestAborted), user);
            Navigation.NavigateTo(Drover.Web.Session.ReturnUrl.Local(ReturnUrl));
        }
        catch (CattleException e) when (e.Status is 400 or 401 or 403)
        {
            Refuse(StatusCodes.Status401Unauthorized, "That user name and password do not belong together. Check both and try again.");
        }
        catch (CattleException e) when (e.Status == 429)
        {
            Refuse(StatusCodes.Status429TooManyRequests, "Too many attempts. Wait a minute, then try again.");
        }
        catch (CattleException e) when (e.IsTransient)
        {
            Refuse(StatusCodes.Status503ServiceUnavailable, $"The server does not answer, so nobody can sign in right now. {e.Message}");
        }
        catch (CattleException e)
        {
            Refuse(StatusCodes.Status502BadGateway, $"The server refused the sign-in in a way this page does not know: {e.Message}");
        }
    }

    private void Refuse(int status, string sentence)
    {
        _error = sentence;
        Context.Response.StatusCode = status;
    }
}

/// <summary>The form's fields.</summary>
public sealed class LoginForm
{
    public string? User { get; set; }

    public string? Password { get; set; }
}
