using System.Net;
using System.Text.Json.Nodes;
using Drover.Api.Agents;
using Drover.Api.Cattle;
using Drover.Server.Hosts;
using Drover.Server.Storage;
using Drover.Server.Tests.Harness;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace Drover.Server.Tests.Hosts;

/// <summary>The last day of a host: minute by minute, stored now and then, and gone with the host.</summary>
public class LoadPastTests
{
    private static CancellationToken Token => TestServer.Token;

    [Fact]
    public async Task Day_IsKept_AndNoMore_InLessThan60KiB()
    {
        await using var server = await TestServer.StartAsync();
        var host = await HostAsync(server);
        var (past, time) = Past(server);
        for (var minute = 0; minute < 27 * 60; minute++)
        {
            past.Add(host, Load(minute % 100));
            time.Advance(TimeSpan.FromMinutes(1));
            if (minute % 60 == 59)
            {
                await past.KeepAsync(all: false, Token);
            }
        }

        await past.KeepAsync(all: true, Token);

        await using var db = server.OpenDatabase();
        var rows = await db.LoadHours.ToListAsync(Token);
        Assert.InRange(rows.Count, 24, 26);
        Assert.InRange(rows.Sum(r => r.Data.Length), 24 * 60 * 32, 60 * 1024);
        Assert.Equal(0, past.InMemory);
        var now = LoadMinute.Of(time.GetUtcNow());
        var minutes = await past.ReadAsync(db, host, now - (24 * 60), Token);
        Assert.Equal(Enumerable.Range(0, 24 * 60).Select(i => now - (24 * 60) + (uint)i), minutes.Select(m => m.Minute));
    }

    [Fact]
    public async Task Minute_IsTheMeanOfItsSamples_WithTheHighestCpu()
    {
        await using var server = await TestServer.StartAsync();
        var host = await HostAsync(server);
        var (past, time) = Past(server);
        past.Add(host, Load(10, memory: 100));
        past.Add(host, Load(50, memory: 300));
        past.Add(host, Load(double.NaN, memory: -7));
        await using var db = server.OpenDatabase();

        var running = Assert.Single(await past.ReadAsync(db, host, 0, Token));
        Assert.Equal((20f, 50f), (running.Cpu, running.CpuMax));
        Assert.Equal(400f / 3, running.Memory, 0.01);

        time.Advance(TimeSpan.FromMinutes(1));
        past.Add(host, Load(90));
        Assert.Equal([50f, 90f], (await past.ReadAsync(db, host, 0, Token)).Select(m => m.CpuMax));
    }

    [Fact]
    public async Task Kill_LosesOnlyWhatWasNotStored_AndAStopNothing()
    {
        await using var server = await TestServer.StartAsync();
        var host = await HostAsync(server);
        var (first, time) = Past(server);
        Minutes(first, time, host, [1, 2, 3]);
        await first.KeepAsync(all: false, Token);
        Minutes(first, time, host, [4, 5]);

        // The first is killed here.
        var (second, _) = Past(server, time);
        await CpusAsync(server, second, host, [1, 2]);

        Minutes(second, time, host, [6, 7]);
        await second.KeepAsync(all: true, Token);
        var (third, _) = Past(server, time);
        await CpusAsync(server, third, host, [1, 2, 6, 7]);
    }

    [Fact]
    public async Task ServersThatAHostIsLinkedToInTurn_WriteOnePast()
    {
        await using var server = await TestServer.StartAsync();
        var host = await HostAsync(server);
        var (one, time) = Past(server);
        var (two, _) = Past(server, time);
        Minutes(one, time, host, [1, 2]);
        await one.KeepAsync(all: true, Token);
        Minutes(two, time, host, [3, 4]);
        await two.KeepAsync(all: true, Token);
        Minutes(one, time, host, [5]);
        await one.KeepAsync(all: true, Token);

        await CpusAsync(server, one, host, [1, 2, 3, 4, 5]);
        await CpusAsync(server, two, host, [1, 2, 3, 4, 5]);
    }

    [Fact]
    public async Task WhatCannotBeStored_IsStoredTheNextTime()
    {
        var fail = false;
        await using var server = await TestServer.StartAsync(directory => TestServer.TestOptions(directory) with { Reached = step => { if (fail && step == "loads.keep:before") { throw new IOException("no room"); } } });
        var host = await HostAsync(server);
        var (past, time) = Past(server);
        Minutes(past, time, host, [1, 2]);
        fail = true;
        await Assert.ThrowsAsync<IOException>(() => past.KeepAsync(all: true, Token));
        fail = false;
        await past.KeepAsync(all: true, Token);

        await CpusAsync(server, Past(server, time).Past, host, [1, 2]);
    }

    [Fact]
    public async Task HostThatIsRemoved_TakesItsPastAlong_AndLeavesNothingBehind()
    {
        await using var server = await TestServer.StartAsync();
        var (machine, agent, scheduler) = await server.ActiveMachineAsync("m");
        await using var _ = agent;
        await using var __ = scheduler;
        var host = long.Parse(machine.Text("hostId")![2..], System.Globalization.CultureInfo.InvariantCulture);
        var past = server.Services.GetRequiredService<LoadPast>();
        past.Add(host, Load(5));
        await past.KeepAsync(all: true, Token);
        await using var db = server.OpenDatabase();
        Assert.Single(await db.LoadHours.AsNoTracking().ToListAsync(Token));

        await server.Project.DeleteAsync("machines", machine.Id, Token);
        await scheduler.ReplyAsync(await scheduler.NextAsync(), CattleReply.Done());
        await server.WaitForStateAsync(machine.Id, "removed");
        Assert.Empty(await db.LoadHours.AsNoTracking().ToListAsync(Token));

        // A sample that was under way.
        past.Add(host, Load(5));
        await past.KeepAsync(all: true, Token);
        Assert.Empty(await db.LoadHours.AsNoTracking().ToListAsync(Token));
    }

    [Fact]
    public async Task ClockThatIsSetBack_ForgetsTheFuture()
    {
        await using var server = await TestServer.StartAsync();
        var host = await HostAsync(server);
        var (past, time) = Past(server);
        Minutes(past, time, host, [1, 2]);
        time.AdjustTime(TestServer.Noon - TimeSpan.FromHours(2));
        Minutes(past, time, host, [3, 4]);

        await CpusAsync(server, past, host, [3, 4]);
    }

    [Fact]
    public void Bytes_OfAnotherVersion_AreNoMinutes()
    {
        LoadMinute[] minutes = [new(7, 1, 2, 3, 4, 5, 6, 8), new(9, 1, 2, 3, 4, 5, 6, 8)];
        var bytes = LoadBytes.Write(minutes);
        Assert.Equal(1 + (2 * 32), bytes.Length);
        Assert.Equal(minutes, LoadBytes.Read(bytes));
        Assert.Empty(LoadBytes.Read([]));
        Assert.Empty(LoadBytes.Read([2, .. bytes.AsSpan(1)]));
        Assert.Empty(LoadBytes.Read(bytes[..^1]));
    }

    [Fact]
    public async Task Loads_OfASpan_AreColumns_WithNullWhereNothingIsKnown()
    {
        await using var server = await TestServer.StartAsync();
        var (machine, agent, scheduler) = await server.ActiveMachineAsync("m");
        await using var _ = agent;
        await using var __ = scheduler;
        var path = $"hosts/{machine.Text("hostId")}/loads";
        await agent.SendAsync(new LinkMessage { Type = LinkMessage.Load, Sample = Load(40, memory: 1000) });
        await TestServer.WaitAsync(server.Project, "hosts", machine.Text("hostId")!, h => h.Object("load") is not null, "with a load");

        // As before without parameters, and the same by name.
        Assert.Single((await server.Project.SendAsync(HttpMethod.Get, path, null, Token))["data"]!.AsArray());
        Assert.Single((await server.Project.SendAsync(HttpMethod.Get, path + "?span=5m", null, Token))["data"]!.AsArray());

        var hour = await server.Project.SendAsync(HttpMethod.Get, path + "?span=1h", null, Token);
        Assert.Equal(("hostLoadHistory", 60, "2026-03-01T11:01:00Z"), ((string)hour["type"]!, (int)hour["step"]!, (string)hour["since"]!));
        Assert.Equal([.. Enumerable.Repeat<double?>(null, 59), 40], Column(hour, "cpuPercent"));
        Assert.Equal(1000, Column(hour, "memoryUsedBytes")[^1]);
        Assert.All((string[])["cpuPercentMax", "diskUsedBytes", "networkReceive", "networkSend", "load1"], name => Assert.Equal(60, Column(hour, name).Count));

        var day = await server.Project.SendAsync(HttpMethod.Get, path + "?span=24h", null, Token);
        Assert.Equal((300, "2026-02-28T12:00:00Z", 289), ((int)day["step"]!, (string)day["since"]!, Column(day, "cpuPercent").Count));

        var since = await server.Project.SendAsync(HttpMethod.Get, path + "?since=2026-03-01T11:55:30Z&step=120", null, Token);
        Assert.Equal((120, "2026-03-01T11:54:00Z", 4), ((int)since["step"]!, (string)since["since"]!, Column(since, "cpuPercent").Count));
    }

    [Theory]
    [InlineData("span=2h", "span")]
    [InlineData("since=yesterday", "since")]
    [InlineData("step=90", "step")]
    [InlineData("span=1h&step=0", "step")]
    [InlineData("span=24h&step=7200", "step")]
    public async Task Loads_OfWhatMakesNoSense_SayWhatWould(string query, string field)
    {
        await using var server = await TestServer.StartAsync();
        var host = await HostAsync(server);
        var error = await Assert.ThrowsAsync<CattleException>(() => server.Project.SendAsync(HttpMethod.Get, $"hosts/1h{host}/loads?{query}", null, Token));
        Assert.Equal((422, field), (error.Status, error.FieldName));
    }

    [Fact]
    public async Task Server_ThatStopsAndStarts_StillKnows_AndOtherEnvironmentsDoNot()
    {
        var directory = await TemplateData.CopyAsync();
        try
        {
            var time = new FakeTimeProvider(TestServer.Noon);
            long host;
            await using (var server = await TestServer.StartAsync(directory: directory, time: time))
            {
                host = await HostAsync(server);
                server.Services.GetRequiredService<LoadPast>().Add(host, Load(33));
            }

            time.Advance(TimeSpan.FromMinutes(10));
            await using (var server = await TestServer.StartAsync(directory: directory, time: time))
            {
                var hour = await server.Project.SendAsync(HttpMethod.Get, $"hosts/1h{host}/loads?span=1h", null, Token);
                Assert.Equal(33, Column(hour, "cpuPercent")[^11]);
                var other = await server.Admin.CreateAsync("projects", new JsonObject { ["name"] = "other" }, Token);
                var refused = await Assert.ThrowsAsync<CattleException>(() => server.Admin.ForProject(other.Id).SendAsync(HttpMethod.Get, $"hosts/1h{host}/loads?span=1h", null, Token));
                Assert.Equal((int)HttpStatusCode.NotFound, refused.Status);
            }
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static IReadOnlyList<double?> Column(JsonObject answer, string name) => [.. answer[name]!.AsArray().Select(v => (double?)v)];

    private static HostLoad Load(double cpu, long memory = 0) => new() { At = TestServer.Noon, CpuPercent = cpu, MemoryUsedBytes = memory };

    private static (LoadPast Past, FakeTimeProvider Time) Past(TestServer server, FakeTimeProvider? time = null)
    {
        // A clock of its own: the server's would wake all its loops each minute.
        var clock = time ?? new FakeTimeProvider(TestServer.Noon);
        return (new LoadPast(server.Services.GetRequiredService<Database>(), clock), clock);
    }

    private static void Minutes(LoadPast past, FakeTimeProvider time, long host, double[] cpus)
    {
        foreach (var cpu in cpus)
        {
            time.Advance(TimeSpan.FromMinutes(1));
            past.Add(host, Load(cpu));
        }
    }

    private static async Task CpusAsync(TestServer server, LoadPast past, long host, float[] expected)
    {
        await using var db = server.OpenDatabase();
        Assert.Equal(expected, (await past.ReadAsync(db, host, 0, Token)).Select(m => m.Cpu));
    }

    private static async Task<long> HostAsync(TestServer server)
    {
        await using var db = server.OpenDatabase();
        var host = new HostRow { Uuid = "u", ReportedUuid = "u", Kind = "docker", State = "active", AccountId = 5 };
        db.Hosts.Add(host);
        await db.StoreAsync("test.host", Token);
        return host.Id;
    }
}
