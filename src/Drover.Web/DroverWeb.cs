using Drover.Web.Containers;
using Drover.Web.Host;
using Drover.Web.Live;
using Drover.Web.Session;
using Drover.Web.Theme;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using MudBlazor.Services;

namespace Drover.Web;

/// <summary>The pages of Drover, to be put into any ASP.NET program.</summary>
/// <remarks>They know nothing but the API client: what a page may see and do is what the signed-in user's token may. The program must be
/// built with <c>Microsoft.NET.Sdk.Web</c>, so that it carries the manifest of the static files, and run from its published output, in
/// Development, or after <c>UseStaticWebAssets()</c>.</remarks>
public static class DroverWeb
{
    public static IServiceCollection AddDroverWeb(this IServiceCollection services, WebOptions options)
    {
        services.AddSingleton(options);
        services.TryAddSingleton(TimeProvider.System);
        services.AddRazorComponents().AddInteractiveServerComponents();
        services.AddMudServices();
        services.AddHttpClient(ApiSession.HttpClientName, http => http.Timeout = TimeSpan.FromSeconds(30)).RemoveAllLoggers();
        services.AddCircuit();
        if (options.KeyDirectory is { } folder)
        {
            services.AddDataProtection().SetApplicationName("Drover").PersistKeysToFileSystem(OnlyForUs(folder));

            // It warns that the keys are not encrypted at rest: the folder is closed to others, as is everything in the data folder.
            services.AddLogging(logging => logging.AddFilter("Microsoft.AspNetCore.DataProtection.KeyManagement.XmlKeyManager", LogLevel.Error));
        }

        return services;
    }

    /// <summary>What each circuit has for itself.</summary>
    internal static void AddCircuit(this IServiceCollection services)
    {
        services.AddScoped<ApiSession>();
        services.AddScoped<EventLink>();
        services.AddScoped<HostsFeed>();
        services.AddScoped<ContainersFeed>();
        services.AddScoped<HostOrders>();
        services.AddScoped<ContainerOrders>();
        services.AddScoped<Ticker>();
        services.AddScoped<Browser>();
        services.AddScoped<Look>();
    }

    private static DirectoryInfo OnlyForUs(string folder) =>
        OperatingSystem.IsWindows()
            ? Directory.CreateDirectory(folder)
            : Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);

    /// <summary>Maps the pages, their static files, and sign-in and sign-out.</summary>
    public static void MapDroverWeb(this WebApplication app)
    {
        app.UseAntiforgery();
        app.MapStaticAssets().DisableHttpMetrics();
        app.MapSignOut();
        app.MapRazorComponents<App>()
            .WithStaticAssets()
            .AddInteractiveServerRenderMode(mode => mode.ContentSecurityFrameAncestorsPolicy = "'none'");
    }
}
