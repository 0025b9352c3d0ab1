using System.Text;
using Drover.Server.Agents;
using Drover.Server.Api.Output;
using Drover.Server.Api.Registry;
using Drover.Server.Api.Requests;
using Drover.Server.Events;
using Drover.Server.Identity;
using Drover.Server.Processes;
using Drover.Server.Storage;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Time.Testing;

namespace Drover.Server.Tests.Harness;

/// <summary>One life of one machine, in which the server dies at a chosen stored step. Scheduler and virtual machine are a small world that outlives it.</summary>
internal sealed class CrashRun
{
    private readonly string _directory;
    private readonly List<string> _reached = [];
    private readonly int _crashAt;
    private readonly World _world = new();
    private bool _crashed;

    private CrashRun(string directory, int crashAt) => (_directory, _crashAt) = (directory, crashAt);

    /// <returns>The stored steps that were passed, in order, and whether the server died: a life may have a step less than another.</returns>
    public static async Task<(IReadOnlyList<string> Steps, bool Crashed)> LiveAsync(int crashAt)
    {
        var directory = await TemplateData.CopyAsync();
        try
        {
            var run = new CrashRun(directory, crashAt);
            await run.RunAsync();
            return (run._reached, run._crashed);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private async Task RunAsync()
    {
        await ThroughCrashAsync(s => s.CreateAsync());
        await ThroughCrashAsync(s => s.WaitAsync("active"));
        await ThroughCrashAsync(s => s.DeleteAsync());
        await ThroughCrashAsync(s => s.WaitAsync("removed"));
        await _incarnation!.CheckEndAsync(_world);
        await _incarnation.DisposeAsync();
        _incarnation = null;
    }

    private Incarnation? _incarnation;

    /// <summary>Does one thing; when the server dies on the way, starts it again and lets the client try again.</summary>
    private async Task ThroughCrashAsync(Func<Incarnation, Task> act)
    {
        while (true)
        {
            try
            {
                _incarnation ??= await Incarnation.StartAsync(_directory, Reached, _world);
                await act(_incarnation);
                return;
            }
            catch (Exception) when (_crashed && _incarnation is not { IsHealthy: true })
            {
                if (_incarnation is not null)
                {
                    await _incarnation.DisposeAsync();
                    _incarnation = null;
                }
            }
        }
    }

    private void Reached(Incarnation server, string point)
    {
        lock (_reached)
        {
            if (!server.IsHealthy)
            {
                throw new KilledException();
            }

            _reached.Add(point);
            if (!_crashed && _reached.Count - 1 == _crashAt)
            {
                _crashed = true;
                server.IsHealthy = false;
                throw new KilledException();
            }
        }
    }

    private sealed class KilledException() : Exception("The server was killed here.");

    /// <summary>What outlives the server: the machine that the scheduler made, and its agent's keys.</summary>
    internal sealed class World
    {
        public int Made { get; set; }

        public bool Running { get; set; }

        public int TakenDown { get; set; }

        public long? AgentId { get; set; }
    }

    /// <summary>One start of the server, without HTTP: its services, its process loop, and the scheduler's subscription.</summary>
    internal sealed class Incarnation : IAsyncDisposable
    {
        private readonly ServiceProvider _services;
        private readonly CancellationTokenSource _stop = new();
        private readonly World _world;
        private Task _scheduler = Task.CompletedTask;
        private ProcessLoop? _loop;

        private Incarnation(ServiceProvider services, World world) => (_services, _world) = (services, world);

        public bool IsHealthy { get; set; } = true;

        public static async Task<Incarnation> StartAsync(string directory, Action<Incarnation, string> reached, World world)
        {
            Incarnation? self = null;
            var services = new ServiceCollection().AddLogging();
            services.AddSingleton<TimeProvider>(new FakeTimeProvider(TestServer.Noon));
            services.AddSingleton<IHostApplicationLifetime, NoLifetime>();
            services.AddDroverServer(new ServerOptions { DataDirectory = directory, PasswordIterations = 1000, Reached = point => reached(self!, point) });
            self = new Incarnation(services.BuildServiceProvider(), world);
            var hosted = self._services.GetServices<IHostedService>().ToList();
            try
            {
                await hosted.OfType<ServerStart>().Single().StartingAsync(Token);
            }
            catch
            {
                await self.DisposeAsync();
                throw;
            }

            self._loop = hosted.OfType<ProcessLoop>().Single();
            await self._loop.StartAsync(Token);
            self._scheduler = self.ScheduleAsync();
            await self.EnsureHandlerAsync();
            return self;
        }

        public async Task CreateAsync()
        {
            await using var db = Open();
            if (!await db.Machines.AnyAsync(Token))
            {
                await ApiAsync("POST", "machines", null, """{"name":"m","mesosConfig":{}}""");
            }
        }

        public async Task DeleteAsync() => await ApiAsync("DELETE", "machines", "1ph1", "");

        public async Task WaitAsync(string state)
        {
            for (var i = 0; i < 3000; i++)
            {
                await using var db = Open();
                if (!IsHealthy)
                {
                    throw new KilledException();
                }

                if ((await db.Machines.AsNoTracking().SingleAsync(Token)).State == state)
                {
                    return;
                }

                await Task.Delay(1, Token);
            }

            await using var last = Open();
            var processes = await last.Processes.AsNoTracking().Select(p => $"{p.ProcessName} {p.Phase} {p.Message}").ToListAsync(Token);
            throw new TimeoutException($"The machine should be {state}: {(await last.Machines.SingleAsync(Token)).State}; {string.Join("; ", processes)}");
        }

        public async Task CheckEndAsync(World world)
        {
            Assert.Equal((1, false, 1), (world.Made, world.Running, world.TakenDown));
            await using var db = Open();
            var processes = await db.Processes.AsNoTracking().OrderBy(p => p.Id).ToListAsync(Token);
            Assert.Equal(
                ["physicalhost.create DONE", "physicalhost.bootstrap DONE", "physicalhost.remove DONE", "physicalhost.purge "],
                processes.Select(p => $"{p.ProcessName} {p.ExitReason}"));
            Assert.Single(await db.Machines.ToListAsync(Token));
            Assert.All(await db.Hosts.ToListAsync(Token), h => Assert.Equal("removed", h.State));
            Assert.Single(await db.Hosts.ToListAsync(Token));
            Assert.All(await db.Agents.ToListAsync(Token), a => Assert.Equal("removed", a.State));
            Assert.Empty(await db.Credentials.Where(c => c.Kind == CredentialKinds.AgentApiKey && c.SecretHash != null).ToListAsync(Token));
        }

        public async ValueTask DisposeAsync()
        {
            IsHealthy = false;
            await _stop.CancelAsync();
            if (_loop is not null)
            {
                await _loop.StopAsync(CancellationToken.None);
            }

            await _scheduler.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await _services.DisposeAsync();
            _stop.Dispose();
        }

        private AppDb Open() => _services.GetRequiredService<Database>().Open();

        private async Task<ApiResult> ApiAsync(string method, string type, string? id, string body)
        {
            var http = new DefaultHttpContext { RequestServices = _services };
            http.Request.Method = method;
            http.Request.Body = new MemoryStream(Encoding.UTF8.GetBytes(body));
            var caller = new Caller { Role = Roles.Owner, AccountId = 5, UserId = 1, ProjectId = 5 };
            var context = new ApiContext(http, new ApiPath("v1", null, [type]), "http://test", caller);
            return await _services.GetRequiredService<ApiDispatcher>().RunAsync(context, _services.GetRequiredService<ResourceRegistry>().Find(type)!, id, null);
        }

        private async Task EnsureHandlerAsync()
        {
            await using var db = Open();
            if (await db.ExternalHandlers.AnyAsync(Token))
            {
                return;
            }

            var configs = string.Join(',', ScriptedHandler.MachineProcesses.Select(p => $$"""{"name":"{{p}}","onError":"physicalhost.error"}"""));
            var http = new DefaultHttpContext { RequestServices = _services };
            http.Request.Method = "POST";
            http.Request.Body = new MemoryStream(Encoding.UTF8.GetBytes($$"""{"name":"droverMesos","timeoutMillis":60000,"processConfigs":[{{configs}}]}"""));
            var context = new ApiContext(http, new ApiPath("v1", null, ["externalhandlers"]), "http://test", new Caller { Role = Roles.Service, AccountId = 4, UserId = 4 });
            await _services.GetRequiredService<ApiDispatcher>().RunAsync(context, _services.GetRequiredService<ResourceRegistry>().Find("externalHandler")!, null, null);
        }

        /// <summary>The scheduler: idempotent by resource, and answering until it is heard.</summary>
        private async Task ScheduleAsync()
        {
            var subscription = new Subscription(
                ScriptedHandler.MachineProcesses.Select(p => $"{p};handler=droverMesos"),
                new Caller { Role = Roles.Service },
                new OutputContext("http://test/v1", true, Roles.Service));
            _services.GetRequiredService<EventHub>().Add(subscription);
            _services.GetRequiredService<ProcessEngine>().Subscribed(subscription);
            if (_world is { Running: true, AgentId: not null })
            {
                // The guest's agent has lost its link with the server, and comes back.
                await using var db = Open();
                await SayHelloAsync((await db.Machines.AsNoTracking().SingleAsync(Token)).ExternalId!);
            }

            await foreach (var message in subscription.Queue.ReadAllAsync(_stop.Token))
            {
                if (message.Name.StartsWith("physicalhost.create", StringComparison.Ordinal))
                {
                    await MakeAsync();
                }
                else if (message.Name.StartsWith("physicalhost.remove", StringComparison.Ordinal) && _world.Running)
                {
                    _world.Running = false;
                    _world.TakenDown++;
                }

                await _services.GetRequiredService<ProcessReplies>().TakeAsync(new HandlerReply(message.ReplyTo!, message.Id, null, null, null, null), Token);
            }
        }

        private async Task MakeAsync()
        {
            if (!_world.Running)
            {
                _world.Running = true;
                _world.Made++;
            }

            await using var db = Open();
            var machine = await db.Machines.AsNoTracking().SingleAsync(Token);
            if (_world.AgentId is null)
            {
                // As with a real registration, the same machine gets the same agent.
                var known = await db.Agents.FirstOrDefaultAsync(a => a.MachineId == machine.Id, Token);
                var token = new CredentialRow { AccountId = machine.AccountId, MachineId = machine.Id };
                known ??= (await db.WriteAsync("world.register", () => AgentAccounts.MakeAsync(db, token, _services.GetRequiredService<Secrets>(), TestServer.Noon, Token), Token)).Agent;
                _world.AgentId = known.Id;
            }

            await SayHelloAsync(machine.ExternalId!);
        }

        private async Task SayHelloAsync(string uuid) =>
            await _services.GetRequiredService<AgentPresence>().HelloAsync(_world.AgentId!.Value, TestAgent.Facts(uuid, uuid), "1", Token);

        private sealed class NoLifetime : IHostApplicationLifetime
        {
            public CancellationToken ApplicationStarted => CancellationToken.None;

            public CancellationToken ApplicationStopping => CancellationToken.None;

            public CancellationToken ApplicationStopped => CancellationToken.None;

            public void StopApplication()
            {
            }
        }
    }
}
