using System.Net;
using System.Text.Json.Nodes;
using Drover.Api.Machines;
using Drover.Scheduler;
using Drover.Server;
using Microsoft.Extensions.Logging.Console;

namespace Drover.Daemon;

/// <summary>From the command line to the options of each part.</summary>
internal static class Composition
{
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(10);

    public static WebApplicationBuilder Builder()
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory, ApplicationName = "droverd" });
        builder.Logging.ClearProviders();
        Configure(builder.Logging, builder.Configuration);
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = StopTimeout);
        return builder;
    }

    public static ILoggerFactory Logging() => LoggerFactory.Create(logging => Configure(logging, new ConfigurationBuilder().AddEnvironmentVariables().Build()));

    public static ServerOptions Server(DaemonOptions options, Action<string>? reached) => new()
    {
        DataDirectory = options.Data,
        PublicUrl = options.Advertise,
        PoolWarm = options.Warm,
        PoolTemplates = options.Templates,
        Images = options.Accelerator == "simulated" ? null : () => ImageFolder.Usable(options.Images),
        ImagesDirectory = options.Images,
        DefaultNetwork = options.Network,
        Reached = reached,
    };

    public static SchedulerOptions Scheduler(DaemonOptions options, Action<string>? reached)
    {
        var own = options.Has(Role.Server) ? OwnUrl($"http://{options.Listen}") : options.Server;
        var common = own is null ? SchedulerOptions.FromEnvironment() : WithKeys(options, own);
        if (options.Mesos is null && common.MesosMaster.Length == 0)
        {
            var access = MesosAccess.Ensure(options);
            common = common with
            {
                MesosMaster = MesosAccess.FindMaster(options)?.Authority ?? "",
                MasterIdentity = "local",
                // Whoever removes the folder of LocalMesos has removed its machines with it.
                AcceptNewFramework = true,
                Principal = access.Principal,
                Secret = access.Secret,
            };
        }

        return common with
        {
            MesosMaster = options.Mesos ?? common.MesosMaster,
            DataDirectory = options.DataPath("scheduler"),
            ProgramsDirectory = options.Programs,
            ImagesDirectory = options.Images,
            AdvertisedUrl = options.Advertise ?? (options.Has(Role.Server) ? null : OwnUrl($"http://{options.Listen}")),
            Accelerator = options.Accelerator,
            Warm = options.Warm ?? common.Warm,
            Templates = options.Templates ?? common.Templates,
            ExecutorStateDirectory = options.DataPath("machines"),
            ExecutorCacheDirectory = options.Cache,
            Simulation = options.Simulation,
            StageTimeouts = options.StageTimeouts,
            IpCidr = options.IpCidr ?? common.IpCidr,
            AddressExclude = options.IpExclude,
            Gateway = options.Gateway,
            NameServers = options.NameServers,
            Reached = reached,
        };
    }

    /// <summary>The first time, the keys that the scheduler needs are made before it is composed.</summary>
    public static async Task EnsureKeysAsync(DaemonOptions options, ServerOptions server, CancellationToken cancellationToken)
    {
        if (File.Exists(ServiceKey(options)))
        {
            return;
        }

        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Services.AddDroverServer(server);
        using var host = builder.Build();
        await host.StartAsync(cancellationToken);
        await host.StopAsync(cancellationToken);
    }

    /// <summary>An address at which this machine reaches itself: any-addresses become loopback.</summary>
    public static Uri OwnUrl(string listening)
    {
        var url = new UriBuilder(listening);
        if (IPAddress.TryParse(url.Host.Trim('[', ']'), out var address) && (address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any)))
        {
            url.Host = IPAddress.Loopback.ToString();
        }

        return url.Uri;
    }

    private static SchedulerOptions WithKeys(DaemonOptions options, Uri server)
    {
        var keys = JsonNode.Parse(File.ReadAllText(ServiceKey(options)))!;
        return new SchedulerOptions
        {
            CattleUrl = new Uri(server, "/v1").AbsoluteUri,
            AccessKey = (string)keys["accessKey"]!,
            SecretKey = (string)keys["secretKey"]!,
            IpCidr = Environment.GetEnvironmentVariable("IP_CIDR") is { Length: > 0 } cidr ? cidr : null,
        };
    }

    private static string ServiceKey(DaemonOptions options) => options.DataPath("keys", "service.json");

    /// <summary>Lines for people, or JSON where .NET's own setting asks for it: the variable <c>Logging__Console__FormatterName=json</c>.</summary>
    private static void Configure(ILoggingBuilder logging, IConfiguration configuration)
    {
        logging.SetMinimumLevel(LogLevel.Information).AddFilter("Microsoft", LogLevel.Warning).AddFilter("System.Net.Http", LogLevel.Warning);
        if (string.Equals(configuration["Logging:Console:FormatterName"], ConsoleFormatterNames.Json, StringComparison.OrdinalIgnoreCase))
        {
            logging.AddJsonConsole(console =>
            {
                console.TimestampFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";
                console.UseUtcTimestamp = true;
            });
            return;
        }

        logging.AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.TimestampFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z' ";
            console.UseUtcTimestamp = true;
            console.ColorBehavior = LoggerColorBehavior.Disabled;
        });
    }
}
