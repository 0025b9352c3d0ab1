using Drover.Server.Storage;
using Drover.Server.Tests.Harness;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Drover.Server.Tests.Machines;

public class HistoryTests
{
    [Fact]
    public async Task History_AfterItsTime_IsDeletedAndTheLivingStays()
    {
        await using var server = await TestServer.StartAsync();
        var gone = await server.MachineAsync("gone");
        await server.MachineAsync("stays");
        await server.Project.DeleteAsync("machines", gone.Id, TestServer.Token);
        await server.WaitForStateAsync(gone.Id, "removed");
        server.Time.Advance(TimeSpan.FromMinutes(6));
        await TestServer.WaitGoneAsync(server.Service, "machines", gone.Id);
        var cleaner = server.Services.GetServices<IHostedService>().OfType<HistoryCleaner>().Single();
        Assert.Equal(0, await cleaner.CleanAsync(TestServer.Noon, TestServer.Token));
        await cleaner.CleanAsync(server.Time.GetUtcNow() + TimeSpan.FromSeconds(1), TestServer.Token);
        await using var db = server.OpenDatabase();
        Assert.Equal("stays", (await db.Machines.SingleAsync(TestServer.Token)).Name);
        Assert.Equal("physicalhost.create", (await db.Processes.SingleAsync(TestServer.Token)).ProcessName);
        Assert.NotEmpty(await db.Audit.ToListAsync(TestServer.Token));
        await server.Admin.ListAsync("projects", TestServer.Token);
    }
}
