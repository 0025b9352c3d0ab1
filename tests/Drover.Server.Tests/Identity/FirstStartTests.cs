using Drover.Server.Api;
using Drover.Server.Identity;
using Drover.Server.Storage;
using Drover.Server.Tests.Harness;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Time.Testing;

namespace Drover.Server.Tests.Identity;

/// <summary>The first start may be killed between any two lines; the next one ends with one administrator, and key files that work.</summary>
public class FirstStartTests
{
    private static ServerOptions Options(string directory, Action<string>? reached = null) => new() { DataDirectory = directory, PasswordIterations = 1000, Reached = reached };

    [Fact]
    public async Task Files_AfterTheFirstStart_AreThereAndPrivate()
    {
        var directory = await TemplateData.CopyAsync();
        try
        {
            await using var server = await TestServer.StartAsync(directory: directory);
            foreach (var file in new[] { "initial-password", "keys/admin.json", "keys/service.json", "server/secret.key" })
            {
                var path = Path.Combine(directory, file);
                Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, OperatingSystem.IsWindows() ? default : File.GetUnixFileMode(path) & (UnixFileMode)511);
            }

            Assert.True(File.ReadAllText(Path.Combine(directory, "initial-password")).Trim().Length >= 16);
            Assert.Equal("Default", (await server.Admin.GetAsync("projects", server.ProjectId, TestServer.Token))!.Name);
            Assert.NotEmpty(await server.Service.ListAsync("accounts", TestServer.Token));
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Fact]
    public async Task KeyFile_Missing_IsMadeAgainWithANewKeyAndTheOldOneEnds()
    {
        var directory = await TemplateData.CopyAsync();
        try
        {
            var file = Path.Combine(directory, "keys", "admin.json");
            var old = ServerFiles.ReadKey(file)!.Value;
            File.Delete(file);
            await using var server = await TestServer.StartAsync(directory: directory);
            Assert.NotEqual(old.AccessKey, ServerFiles.ReadKey(file)!.Value.AccessKey);
            await server.Admin.ListAsync("projects", TestServer.Token);
            Assert.Equal(401, (await TestServer.RefusedAsync(() => server.Client("v1", old.AccessKey, old.SecretKey).ListAsync("projects", TestServer.Token))).Status);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Fact]
    public async Task FirstStart_KilledAtEachStoredStep_IsFinishedByTheNext()
    {
        var points = await StartOnceAsync(int.MaxValue);
        Assert.Contains("first.password:after", points);
        Assert.Contains("first.accounts:before", points);
        for (var at = 0; at < points.Count; at++)
        {
            await StartOnceAsync(at);
        }
    }

    private static async Task<List<string>> StartOnceAsync(int killAt)
    {
        var directory = await EmptyDataAsync();
        var points = new List<string>();
        try
        {
            void Reached(string point)
            {
                points.Add(point);
                if (points.Count - 1 == killAt)
                {
                    throw new InvalidOperationException("killed");
                }
            }

            var time = new FakeTimeProvider(TestServer.Noon);
            if (killAt < int.MaxValue)
            {
                await Assert.ThrowsAsync<InvalidOperationException>(async () => await TestServer.StartAppAsync(Options(directory, Reached), time));
            }
            else
            {
                var app = await TestServer.StartAppAsync(Options(directory, Reached), time);
                await app.DisposeAsync();
            }

            await using var server = await TestServer.StartAsync(d => Options(d), directory, time);
            await server.LoginAsync("admin", File.ReadAllText(Path.Combine(directory, "initial-password")).Trim());
            Assert.Single(await server.Admin.ListAsync("projects", TestServer.Token));
            Assert.Equal(Ids.Format("a", 5), server.ProjectId);
            await server.Service.ListAsync("machines", TestServer.Token);
            await using var db = server.OpenDatabase();
            Assert.Equal(1, await db.Accounts.CountAsync(a => a.Kind == AccountKinds.Admin, TestServer.Token));
            Assert.Equal(1, await db.Credentials.CountAsync(c => c.Kind == CredentialKinds.Password, TestServer.Token));
            Assert.Equal(2, await db.Credentials.CountAsync(c => c.Kind == CredentialKinds.ApiKey && c.Removed == null, TestServer.Token));
            return points;
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    /// <summary>A migrated database with nothing in it, so that only the first steps themselves are tried.</summary>
    private static async Task<string> EmptyDataAsync()
    {
        var directory = await TemplateData.CopyAsync();
        Directory.Delete(Path.Combine(directory, "keys"), recursive: true);
        File.Delete(Path.Combine(directory, "initial-password"));
        using var database = new Database(Options(directory));
        await using var db = database.Open();
        await db.Credentials.ExecuteDeleteAsync(TestServer.Token);
        await db.ProjectMembers.ExecuteDeleteAsync(TestServer.Token);
        await db.Accounts.ExecuteDeleteAsync(TestServer.Token);
        await db.Database.ExecuteSqlRawAsync("DELETE FROM sqlite_sequence", TestServer.Token);
        return directory;
    }
}
