using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Drover.Testing;

/// <summary>A part that lives in an ASP.NET Core host of its own. Disposing is as quick as a kill.</summary>
internal sealed class HostedPart : IAsyncDisposable
{
    private readonly WebApplication _app;

    private HostedPart(WebApplication app) => _app = app;

    public static async Task<HostedPart> StartAsync(Uri url, Action<IServiceCollection> add, Action<WebApplication> map, ILoggerFactory logging, CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Services.AddSingleton(logging);
        builder.Services.Configure<HostOptions>(o => o.ShutdownTimeout = TimeSpan.FromSeconds(5));
        builder.Services.AddRouting(o => o.SetParameterPolicy<Microsoft.AspNetCore.Routing.Constraints.RegexInlineRouteConstraint>("regex"));
        builder.WebHost.UseUrls(url.AbsoluteUri);
        add(builder.Services);
        var app = builder.Build();
        map(app);
        await app.StartAsync(cancellationToken);
        return new HostedPart(app);
    }

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        try
        {
            await _app.StopAsync(now.Token);
        }
        catch (Exception e) when (e is OperationCanceledException or AggregateException or KilledException)
        {
            // A killed part cannot end well.
        }

        await _app.DisposeAsync();
    }
}
