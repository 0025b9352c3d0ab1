using Drover.Server.Agents;
using Drover.Server.Api;
using Drover.Server.Api.Registry;
using Drover.Server.Api.Requests;
using Drover.Server.Consoles;
using Drover.Server.Containers;
using Drover.Server.Containers.Access;
using Drover.Server.Containers.Orders;
using Drover.Server.Events;
using Drover.Server.Hosts;
using Drover.Server.Identity;
using Drover.Server.Images;
using Drover.Server.Machines;
using Drover.Server.Metrics;
using Drover.Server.Pool;
using Drover.Server.Processes;
using Drover.Server.Registries;
using Drover.Server.Settings;
using Drover.Server.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Drover.Server;

/// <summary>The control plane as a part of an ASP.NET Core program: add, use, map.</summary>
public static class DroverServer
{
    /// <summary>Adds the control plane. On start it migrates its database and makes what a new instance needs.</summary>
    public static IServiceCollection AddDroverServer(this IServiceCollection services, ServerOptions options)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(options);
        services.AddSingleton<ServerIdentity>();
        services.AddSingleton<ServerReadiness>();
        services.AddSingleton<ServerStopping>();
        services.AddSingleton<Database>();
        services.AddHostedService<ServerStart>();
        services.AddHostedService<HistoryCleaner>();
        AddIdentity(services);
        AddProcesses(services);
        AddEvents(services);
        AddAgents(services);
        AddImages(services);
        AddApi(services);
        AddMetrics(services);
        return services;
    }

    /// <summary>Puts the API's gate and the routing in place. Call it before the middleware of other parts.</summary>
    public static IApplicationBuilder UseDroverServer(this IApplicationBuilder app)
    {
        app.UseWebSockets(new WebSocketOptions { KeepAliveInterval = TimeSpan.FromSeconds(15), KeepAliveTimeout = TimeSpan.FromSeconds(45) });
        app.UseMiddleware<ApiMiddleware>();
        app.UseRouting();
        app.Use(next => http => ApiEndpoints.EnforceAsync(http, next));
        return app;
    }

    /// <summary>Maps the API and the probes <c>/ping</c>, <c>/healthz</c>, <c>/readyz</c>.</summary>
    public static IEndpointRouteBuilder MapDroverServer(this IEndpointRouteBuilder app)
    {
        app.MapApi();
        app.MapGet("/ping", () => "pong").WithMetadata(AccessRule.Public);
        app.MapGet("/healthz", () => "ok").WithMetadata(AccessRule.Public);
        app.MapGet("/readyz", async (ServerReadiness readiness) => await readiness.ProblemAsync() is { } problem ? Results.Text(problem, statusCode: 503) : Results.Text("ok")).WithMetadata(AccessRule.Public);
        return app;
    }

    /// <summary>Marks an endpoint of another part that checks its callers itself, with <see cref="IsAdministratorAsync"/> or otherwise.</summary>
    public static TBuilder ChecksItsCallers<TBuilder>(this TBuilder endpoint)
        where TBuilder : IEndpointConventionBuilder => endpoint.WithMetadata(AccessRule.Public);

    /// <summary>Whether a request carries credentials of an administrator, in any of the API's forms.</summary>
    public static async Task<bool> IsAdministratorAsync(HttpContext http)
    {
        await using var db = http.RequestServices.GetRequiredService<Database>().Open();
        try
        {
            return (await http.RequestServices.GetRequiredService<Authenticator>().IdentifyAsync(http, new ApiPath("v1", null, []), db, http.RequestAborted)).Role == Roles.Admin;
        }
        catch (ApiError)
        {
            return false;
        }
    }

    private static void AddIdentity(IServiceCollection services) => services
        .AddSingleton<Secrets>()
        .AddSingleton<ServerFiles>()
        .AddSingleton<Passwords>()
        .AddSingleton<SessionTokens>()
        .AddSingleton<LoginThrottle>()
        .AddSingleton<FirstAccounts>()
        .AddSingleton<ProjectRemoval>()
        .AddSingleton<Authenticator>()
        .AddSingleton<PublicAddress>();

    private static void AddProcesses(IServiceCollection services)
    {
        services.AddSingleton(s => new ProcessCatalog(MachineProcesses.All(s.GetRequiredService<ServerOptions>(), s.GetRequiredService<AgentRemoval>(), s.GetRequiredService<MachineTimes>())));
        services.AddSingleton<ProcessTally>();
        services.AddSingleton<ProcessSteps>();
        services.AddSingleton<ProcessEngine>();
        services.AddSingleton<ProcessReplies>();
        services.AddHostedService<ProcessLoop>();
    }

    private static void AddEvents(IServiceCollection services)
    {
        services.AddSingleton<EventHub>();
        services.AddSingleton<EventRequests>();
        services.AddSingleton(s => new Lazy<ResourceRegistry>(s.GetRequiredService<ResourceRegistry>));
        services.AddSingleton<PoolBoard>();
        services.AddSingleton<ChangeFeed>();
        services.AddHostedService(s => s.GetRequiredService<ChangeFeed>());
    }

    private static void AddAgents(IServiceCollection services)
    {
        services.AddSingleton<RegistrationTokens>();
        services.AddSingleton<AgentRegistration>();
        services.AddSingleton<AgentLinks>();
        services.AddSingleton<LoadPast>();
        services.AddHostedService<LoadKeeper>();
        services.AddSingleton<HostLoads>();
        services.AddSingleton<HostStreams>();
        services.AddSingleton<ContainerBoard>();
        services.AddSingleton<Inventories>();
        services.AddHostedService(s => s.GetRequiredService<Inventories>());
        services.AddSingleton<ContainerOrders>();
        services.AddHostedService(s => s.GetRequiredService<ContainerOrders>());
        services.AddSingleton<RegistryLogins>();
        services.AddSingleton<StreamTokens>();
        services.AddSingleton(s => new StreamServices(s.GetRequiredService<StreamTokens>(), s.GetRequiredService<Inventories>(), s.GetRequiredService<ContainerBoard>(), s.GetRequiredService<ServerStopping>(), s.GetRequiredService<TimeProvider>()));
        services.AddSingleton<AgentRemoval>();
        services.AddSingleton<HostTies>();
        services.AddSingleton<AgentPresence>();
        services.AddSingleton<MachineConsole>();
        services.AddSingleton<ConsoleTickets>();
        services.AddSingleton<MachineUsageLink>();
        services.AddSingleton<MachineExpiry>();
        services.AddHostedService<MachineExpiryLoop>();
        services.AddHostedService<AgentMonitor>();
    }

    private static void AddImages(IServiceCollection services)
    {
        services.AddSingleton<ImageShelf>();
        services.AddSingleton<ImageIntake>();
        services.AddSingleton<ImageUpload>();
        services.AddSingleton(s => new ImageFetch(
            new HttpClient(new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(15) }) { Timeout = Timeout.InfiniteTimeSpan },
            s.GetRequiredService<ImageShelf>(), s.GetRequiredService<ServerOptions>(), s.GetRequiredService<TimeProvider>()));
        services.AddSingleton<ImageIntakes>();
        services.AddHostedService(s => s.GetRequiredService<ImageIntakes>());
    }

    private static void AddMetrics(IServiceCollection services)
    {
        services.AddMetrics();
        services.AddSingleton<MachineTimes>();
        services.AddSingleton<Census>();
        services.AddHostedService<ServerMetrics>();
    }

    private static void AddApi(IServiceCollection services)
    {
        services.AddSingleton<ApiPaths>();
        services.AddSingleton<ApiDispatcher>();
        services.AddSingleton(s => new ResourceRegistry(Types.All(s)));
    }
}
