using Drover.Server.Agents;
using Drover.Server.Identity;
using Drover.Server.Settings;
using Drover.Server.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Drover.Server;

/// <summary>Brings the stored state up before anything else runs: folders, secret, migrations, first accounts and key files.</summary>
/// <remarks>Runs to its end before the loops and the web server start, and may be killed between any two lines: every step looks first.</remarks>
internal sealed partial class ServerStart(
    Database database,
    Secrets secrets,
    ServerFiles files,
    FirstAccounts accounts,
    PublicAddress address,
    AgentPresence presence,
    ServerReadiness readiness,
    ServerOptions options,
    ILogger<ServerStart> logger) : IHostedLifecycleService
{
    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        PrivateFile.MakeDirectory(files.ServerDirectory);
        secrets.Load(files.ServerDirectory);
        await using (var db = database.Open())
        {
            // Asking first is much quicker than migrating nothing.
            if ((await db.Database.GetPendingMigrationsAsync(cancellationToken)).Any())
            {
                await db.Database.MigrateAsync(cancellationToken);
            }

            address.Setting = (await db.Settings.FirstOrDefaultAsync(s => s.Name == KnownSettings.ApiHost, cancellationToken))?.Value;
        }

        await SetAsync(KnownSettings.PoolWarm, options.PoolWarm, cancellationToken);
        await SetAsync(KnownSettings.PoolTemplates, options.PoolTemplates, cancellationToken);
        await accounts.EnsureAsync(cancellationToken);
        await presence.AllLostAsync(cancellationToken);
        readiness.IsReady = true;
        LogReady(logger, files.ServerDirectory);
    }

    /// <summary>What is said at the start goes before what was set in the run before.</summary>
    private async Task SetAsync(string name, string? value, CancellationToken cancellationToken)
    {
        if (value is null)
        {
            return;
        }

        if (KnownSettings.Find(name)!.Problem!(value) is { } problem)
        {
            throw new InvalidOperationException(problem);
        }

        await using var db = database.Open();
        await SettingType.StoreAsync(db, name, value, cancellationToken);
        await db.SaveChangesAsync(cancellationToken);
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken)
    {
        readiness.IsReady = false;
        return Task.CompletedTask;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "The control plane's data is ready in {Directory}")]
    private static partial void LogReady(ILogger logger, string directory);
}

