using System.IO.Compression;
using System.Net;
using Microsoft.Extensions.Time.Testing;

namespace Drover.LocalMesos.Tests;

public sealed class FileTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ReadFile_VirtualAndRealPath_GivesParts()
    {
        await using var cluster = await TestCluster.StartAsync();
        var (scheduler, _) = await cluster.RunTaskAsync("t");
        var sandbox = cluster.Executors["t"].Start.Sandbox;
        var content = new byte[OperatorClient.MaxReadLength + 100];
        Random.Shared.NextBytes(content);
        await File.WriteAllBytesAsync(Path.Combine(sandbox, "console.log"), content, Token);
        using var client = new OperatorClient();
        var virtualPath = OperatorClient.SandboxPath(scheduler.Id.Value, "t", "console.log");
        foreach (var path in (string[])[virtualPath, Path.Combine(sandbox, "console.log"), Path.Combine(sandbox, "../latest/console.log")])
        {
            var first = await client.ReadFileAsync(cluster.Agent.Uri, path, 0, int.MaxValue, Token);
            Assert.Equal((content.Length, OperatorClient.MaxReadLength), ((int)first!.Size, first.Data.Length));
            var second = await client.ReadFileAsync(cluster.Agent.Uri, path, first.Data.Length, 1000, Token);
            Assert.Equal(content, first.Data.Concat(second!.Data));
            Assert.Empty((await client.ReadFileAsync(cluster.Agent.Uri, path, content.Length + 5, 10, Token))!.Data);
        }

        Assert.Null(await client.ReadFileAsync(cluster.Agent.Uri, virtualPath + "x", 0, 10, Token));
        var list = await client.ListFilesAsync(cluster.Agent.Uri, OperatorClient.SandboxPath(scheduler.Id.Value, "t"), Token);
        Assert.Equal(["console.log", "stderr", "stdout"], list!.Select(f => Path.GetFileName(f.Path)));
        Assert.Equal((ulong)content.Length, list![0].Size);
    }

    [Fact]
    public async Task ReadFile_OutsideTheSandboxes_IsNotThere()
    {
        await using var cluster = await TestCluster.StartAsync();
        var (scheduler, _) = await cluster.RunTaskAsync("t");
        var sandbox = cluster.Executors["t"].Start.Sandbox;
        File.CreateSymbolicLink(Path.Combine(sandbox, "link"), "/etc/hostname");
        using var client = new OperatorClient();
        string[] outside =
        [
            "/etc/hostname", Path.Combine(sandbox, "link"), Path.Combine(cluster.AgentDirectory, "agent.db"), Path.Combine(sandbox, "../../../../../../../../../agent.db"),
            OperatorClient.SandboxPath(scheduler.Id.Value, "t", "../../../../../../../../../agent.db"), OperatorClient.SandboxPath(scheduler.Id.Value, "t", "link"),
            OperatorClient.SandboxPath("..", ".."), "relative", "",
        ];
        foreach (var path in outside)
        {
            Assert.Null(await client.ReadFileAsync(cluster.Agent.Uri, path, 0, 10, Token));
        }
    }

    [Fact]
    public async Task Files_Get_AnswersAsTheOldEndpoints()
    {
        await using var cluster = await TestCluster.StartAsync();
        var (scheduler, _) = await cluster.RunTaskAsync("t");
        await File.WriteAllTextAsync(Path.Combine(cluster.Executors["t"].Start.Sandbox, "stdout"), "hello\n", Token);
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = cluster.Agent.Uri };
        var path = OperatorClient.SandboxPath(scheduler.Id.Value, "t");
        Assert.Equal("""{"offset":1,"data":"ell"}""", await http.GetStringAsync($"/files/read?path={path}/stdout&offset=1&length=3", Token));
        Assert.Equal("""{"offset":6,"data":""}""", await http.GetStringAsync($"/files/read?path={path}/stdout", Token));
        Assert.Contains("\"mode\":\"-rw-r--r--\"", await http.GetStringAsync($"/files/browse?path={path}", Token), StringComparison.Ordinal);
        Assert.Equal("hello\n", await http.GetStringAsync($"/files/download?path={path}/stdout", Token));
        using var missing = await http.GetAsync($"/files/read?path={path}/nothing", Token);
        Assert.Equal(HttpStatusCode.NotFound, missing.StatusCode);
        using var bad = await http.GetAsync("/files/read", Token);
        Assert.Equal(HttpStatusCode.BadRequest, bad.StatusCode);
    }

    [Fact]
    public async Task Uris_OfTheExecutor_AreInTheSandboxWhenItStarts()
    {
        await using var cluster = await TestCluster.StartAsync();
        var source = Directory.CreateTempSubdirectory("drover-mesos-uris-").FullName;
        try
        {
            await File.WriteAllTextAsync(Path.Combine(source, "tool"), "#!/bin/sh", Token);
            await File.WriteAllTextAsync(Path.Combine(source, "inner.txt"), "inner", Token);
            ZipFile.CreateFromDirectory(source, source + ".zip");
            File.Move(source + ".zip", Path.Combine(source, "pack.zip"));
            await System.Formats.Tar.TarFile.CreateFromDirectoryAsync(source, source + ".tar", includeBaseDirectory: false, Token);
            File.Move(source + ".tar", Path.Combine(source, "pack.tar"));
            var scheduler = cluster.NewScheduler();
            var offer = await scheduler.OfferAsync();
            var task = TestCluster.NewTask(offer, "t");
            task.Executor.Command.Uris.AddRange(
            [
                new CommandInfo.Types.URI { Value = $"{source}/tool", Executable = true, Cache = true },
                new CommandInfo.Types.URI { Value = $"file://{source}/inner.txt", OutputFile = "sub/renamed.txt" },
                new CommandInfo.Types.URI { Value = $"{source}/pack.zip", OutputFile = "zip/pack.zip" },
                new CommandInfo.Types.URI { Value = $"{source}/pack.tar", Cache = true, OutputFile = "tar/pack.tar" },
            ]);
            await scheduler.LaunchAsync(offer, task);
            await scheduler.UpdateAsync(TaskState.TaskRunning);
            var sandbox = cluster.Executors["t"].Start.Sandbox;
            Assert.True(new System.IO.FileInfo(Path.Combine(sandbox, "tool")).UnixFileMode.HasFlag(UnixFileMode.UserExecute | UnixFileMode.OtherExecute));
            Assert.Equal("inner", await File.ReadAllTextAsync(Path.Combine(sandbox, "sub/renamed.txt"), Token));
            Assert.Equal("inner", await File.ReadAllTextAsync(Path.Combine(sandbox, "zip/inner.txt"), Token));
            Assert.True(File.Exists(Path.Combine(sandbox, "zip/pack.zip")));
            Assert.True(File.Exists(Path.Combine(sandbox, "tar/tool")));
            Assert.False(File.Exists(Path.Combine(sandbox, "tar/pack.tar")), "an archive from the cache is not kept");
        }
        finally
        {
            Directory.Delete(source, recursive: true);
        }
    }

    [Theory]
    [InlineData("/nowhere/file", null)]
    [InlineData("ftp://host/file", null)]
    [InlineData("/etc/hostname", "../../escape")]
    public async Task Uris_Unfetchable_FailTheTaskAndTellInStderr(string uri, string? outputFile)
    {
        await using var cluster = await TestCluster.StartAsync();
        var scheduler = cluster.NewScheduler();
        var offer = await scheduler.OfferAsync();
        var task = TestCluster.NewTask(offer, "t");
        var wanted = new CommandInfo.Types.URI { Value = uri };
        if (outputFile is not null)
        {
            wanted.OutputFile = outputFile;
        }

        task.Executor.Command.Uris.Add(wanted);
        await scheduler.LaunchAsync(offer, task);
        Assert.Equal(TaskStatus.Types.Reason.ContainerLaunchFailed, (await scheduler.UpdateAsync(TaskState.TaskFailed)).Reason);
        using var client = new OperatorClient();
        var stderr = await client.ReadFileAsync(cluster.Agent.Uri, OperatorClient.SandboxPath(scheduler.Id.Value, "t", "stderr"), 0, 1000, Token);
        Assert.Contains(uri, stderr!.Data.ToStringUtf8(), StringComparison.Ordinal);
        Assert.Empty(cluster.Executors);
    }

    [Fact]
    public async Task Sandbox_OfAnEndedExecutor_IsReadableAndThenDeleted()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UnixEpoch.AddYears(50));
        await using var cluster = await TestCluster.StartAsync(time: time);
        var (scheduler, _) = await cluster.RunTaskAsync("t");
        var sandbox = cluster.Executors["t"].Start.Sandbox;
        await scheduler.KillAsync("t");
        await scheduler.AcknowledgeAsync(await scheduler.UpdateAsync(TaskState.TaskKilled));
        await scheduler.EventAsync(Mesos.V1.Scheduler.Event.Types.Type.Failure);
        using var client = new OperatorClient();
        var path = OperatorClient.SandboxPath(scheduler.Id.Value, "t", "stdout");
        Assert.NotNull(await client.ReadFileAsync(cluster.Agent.Uri, path, 0, 1, Token));

        // Also after a restart.
        await cluster.KillAgentAsync();
        await cluster.StartAgentAsync();
        Assert.NotNull(await client.ReadFileAsync(cluster.Agent.Uri, path, 0, 1, Token));
        await time.PassAsync(3000, 60);
        Assert.True(Directory.Exists(sandbox));
        await time.AdvanceUntilAsync(() => !Directory.Exists(sandbox), "the deletion", 60);
        await TestCluster.UntilAsync(() => !Directory.Exists(Path.Combine(sandbox, "../..")), "the executor's folder");
        Assert.Null(await client.ReadFileAsync(cluster.Agent.Uri, path, 0, 1, Token));
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task Sandbox_OfAnExecutorThatEndedAsAsked_IsDeletedAtOnceIfWanted(bool afterRestart)
    {
        await using var cluster = await TestCluster.StartAsync(agent: o => o with { DeleteSandboxesEndedAsAsked = true });
        var (scheduler, _) = await cluster.RunTaskAsync("t");
        var sandbox = cluster.Executors["t"].Start.Sandbox;
        if (afterRestart)
        {
            await cluster.RestartAgentAsync();
        }

        await scheduler.KillAsync("t");
        await scheduler.UpdateAsync(TaskState.TaskKilled);

        await TestCluster.UntilAsync(() => !Directory.Exists(Path.Combine(sandbox, "../..")), "the end of the executor's folder");
    }

    [Fact]
    public async Task Sandbox_OfAnExecutorThatDied_IsKeptForItsLogs()
    {
        await using var cluster = await TestCluster.StartAsync(agent: o => o with { DeleteSandboxesEndedAsAsked = true });
        var (scheduler, _) = await cluster.RunTaskAsync("t");
        cluster.Executors["t"].Crash();
        await scheduler.UpdateAsync(TaskState.TaskFailed);
        await scheduler.EventAsync(Mesos.V1.Scheduler.Event.Types.Type.Failure);

        using var client = new OperatorClient();
        Assert.NotNull(await client.ReadFileAsync(cluster.Agent.Uri, OperatorClient.SandboxPath(scheduler.Id.Value, "t", "stdout"), 0, 1, Token));
    }
}
