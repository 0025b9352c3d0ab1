using System.Net;
using Drover.Server.Tests.Harness;
using Microsoft.Data.Sqlite;

namespace Drover.Server.Tests.Api;

public class ReadinessTests
{
    [Fact]
    public async Task Readyz_WhileTheDatabaseIsAway_SaysSo_AndHealthzStays()
    {
        await using var server = await TestServer.StartAsync();
        Assert.Equal((HttpStatusCode.OK, "ok"), await AskAsync(server, "readyz"));

        var file = Path.Combine(server.Directory, "server", "drover.db");
        SqliteConnection.ClearAllPools();
        File.Move(file, file + ".away");

        // Connections that were in use meanwhile still have the file; they go as soon as they are idle.
        await UntilAsync(server, (HttpStatusCode.ServiceUnavailable, "the database does not answer"));
        Assert.Equal((HttpStatusCode.OK, "ok"), await AskAsync(server, "healthz"));

        SqliteConnection.ClearAllPools();
        File.Move(file + ".away", file, overwrite: true);
        await UntilAsync(server, (HttpStatusCode.OK, "ok"));
    }

    private static async Task UntilAsync(TestServer server, (HttpStatusCode, string) wanted)
    {
        for (var began = TimeProvider.System.GetTimestamp(); await AskAsync(server, "readyz") is var answer && answer != wanted;)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began) < TestServer.Patience, $"{answer} instead of {wanted}");
            SqliteConnection.ClearAllPools();
        }
    }

    private static async Task<(HttpStatusCode, string)> AskAsync(TestServer server, string probe)
    {
        using var answer = await server.Http.GetAsync(new Uri(server.Address, probe), TestServer.Token);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync(TestServer.Token));
    }
}
