using System.Net.Sockets;
using Drover.Daemon.Telemetry;
using Drover.Scheduler;
using Drover.Server;
using Drover.Web;

namespace Drover.Daemon;

/// <summary>One run of <c>droverd</c>: takes the data folder, composes the roles, announces itself, and stops them in the reverse order.</summary>
internal static class DaemonHost
{
    /// <summary>Exit codes of <c>droverd</c>; its command line's own errors are 1.</summary>
    public const int DataInUse = 3;
    public const int AddressInUse = 4;
    public const int BadSettings = 5;
    public const int StateFailed = 6;

    public static async Task<int> RunAsync(DaemonOptions options, CancellationToken cancellationToken)
    {
        using var files = InstanceFiles.TryTake(options);
        if (files is null)
        {
            await Console.Error.WriteLineAsync($"droverd: another droverd runs on {options.Data}.");
            return DataInUse;
        }

        try
        {
            return await RunAsync(options, files, cancellationToken);
        }
        catch (IOException e) when (e.InnerException is Microsoft.AspNetCore.Connections.AddressInUseException)
        {
            await Console.Error.WriteLineAsync($"droverd: {options.Listen} is in use by another program. Stop it, or choose another address with --listen HOST:PORT.");
            return AddressInUse;
        }
        catch (SocketException e)
        {
            await Console.Error.WriteLineAsync($"droverd: cannot listen on {options.Listen}: {e.Message}.");
            return AddressInUse;
        }
        catch (SchedulerOptionsException e)
        {
            await Console.Error.WriteLineAsync($"droverd: {e.Message}");
            return BadSettings;
        }
    }

    private static async Task<int> RunAsync(DaemonOptions options, InstanceFiles files, CancellationToken cancellationToken)
    {
        var reached = CrashPoint.FromEnvironment();
        var server = Composition.Server(options, reached);
        if (options.Has(Role.Server) && options.Has(Role.Scheduler))
        {
            await Composition.EnsureKeysAsync(options, server, cancellationToken);
        }

        var builder = Composition.Builder();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(options.Listen));
        using var logging = Composition.Logging();
        await using var mesos = await LocalMesosRoles.StartAsync(options, reached, logging, cancellationToken);
        var web = new WebOptions { KeyDirectory = options.DataPath("web"), InitialPasswordFile = options.DataPath("initial-password") };
        if (options.Has(Role.Server))
        {
            builder.Services.AddDroverServer(server);
        }

        if (options.Has(Role.Web))
        {
            builder.Services.AddDroverWeb(web);
        }

        if (options.Has(Role.Scheduler))
        {
            builder.Services.AddDroverScheduler(Composition.Scheduler(options, reached));
        }

        DaemonTelemetry.AddTo(builder.Services, builder.Configuration);
        await using var app = builder.Build();
        Map(app, options);
        await app.StartAsync(cancellationToken);
        var url = Composition.OwnUrl(app.Urls.First());
        web.Api = new Uri(url, "/v2-beta");
        files.Announce(url);
        var stopped = app.WaitForShutdownAsync(cancellationToken);
        if (await Task.WhenAny(stopped, mesos.Failed) != stopped)
        {
            await Console.Error.WriteLineAsync($"droverd: LocalMesos could not store its state: {(await mesos.Failed).Message}");
            return StateFailed;
        }

        await stopped;
        files.Withdraw();
        return 0;
    }

    private static void Map(WebApplication app, DaemonOptions options)
    {
        DaemonTelemetry.Map(app, new MetricsAccess(MetricsAccess.EnsureToken(options), options.Has(Role.Server) ? DroverServer.IsAdministratorAsync : null));
        if (options.Has(Role.Server))
        {
            app.UseDroverServer();
            app.MapDroverServer();
        }

        if (options.Has(Role.Scheduler))
        {
            app.MapSchedulerArtifacts();
        }

        if (options.Has(Role.Web))
        {
            app.MapDroverWeb();
        }
    }
}
