using Drover.Cli.Local;

namespace Drover.Cli.Tests.Local;

public sealed class LocalFilesTests : IDisposable
{
    private readonly DirectoryInfo _home = Directory.CreateTempSubdirectory("drover-cli-test-");

    [Fact]
    public void DataFolder_ThroughALink_IsTheRealOne_AlsoBelowWhatDoesNotExist()
    {
        var real = _home.CreateSubdirectory("real");
        var link = Path.Combine(_home.FullName, "link");
        File.CreateSymbolicLink(link, real.FullName);
        Assert.Equal(real.FullName, new DataFolder(link + "/").Path);
        Assert.Equal(Path.Combine(real.FullName, "a", "b"), new DataFolder(Path.Combine(link, "x", "..", "a", "b")).Path);
    }

    [Theory]
    [InlineData("""{"pid":12,"startTime":34,"url":"http://127.0.0.1:8080","version":"0.1.0","accelerator":"auto"}""", true)]
    [InlineData("""{"pid":0,"startTime":34,"url":"http://127.0.0.1:8080"}""", false)]
    [InlineData("""{"pid":12,"url":"http://127.0.0.1:8080"}""", false)]
    [InlineData("""{"pid":12,"startTime":34,"url":"ftp://x"}""", false)]
    [InlineData("""{"pid":12,"startT""", false)]
    [InlineData("", false)]
    public void ReadInstance_WholeRecordOrNone(string content, bool isRecord)
    {
        var data = new DataFolder(_home.FullName);
        File.WriteAllText(data.InstanceFile, content);
        Assert.Equal(isRecord, data.ReadInstance() is { Pid: 12, StartTime: 34 });
    }

    [Theory]
    [InlineData("127.0.0.1:8080", "127.0.0.1:8080")]
    [InlineData("localhost:81", "127.0.0.1:81")]
    [InlineData("[::1]:8080", "[::1]:8080")]
    [InlineData("0.0.0.0:0", "0.0.0.0:0")]
    public void ListenAddress_HostAndPort(string text, string address)
    {
        Assert.True(ListenAddress.TryParse(text, out var parsed));
        Assert.Equal(address, parsed.ToString());
    }

    [Theory]
    [InlineData("8080")]
    [InlineData(":8080")]
    [InlineData("127.0.0.1")]
    [InlineData("127.0.0.1:70000")]
    [InlineData("127.0.0.1:-1")]
    [InlineData("::1:8080")]
    [InlineData("example.org:80")]
    public void ListenAddress_Other_IsRefused(string text) => Assert.False(ListenAddress.TryParse(text, out _));

    [Fact]
    public void UpMemory_WhatIsNotSaid_IsAsTheLastTime()
    {
        var data = new DataFolder(_home.FullName);
        Assert.True(ListenAddress.TryParse("127.0.0.1:9001", out var listen));
        Assert.Equal(ListenAddress.Default, UpMemory.Complete(new UpOptions { Data = data }).Listen!.ToString());

        UpMemory.Keep(UpMemory.Complete(new UpOptions { Data = data, Listen = listen, Accelerator = "simulated", Cache = "/var/cache/drover" }));

        var later = UpMemory.Complete(new UpOptions { Data = data, Mesos = "m:5050" });
        Assert.Equal(("127.0.0.1:9001", "simulated", "m:5050"), (later.Listen!.ToString(), later.Accelerator, later.Mesos));
        Assert.Equal(("/var/cache/drover", "/var/cache/drover"), (later.Cache, UpMemory.CacheOf(data)));
        Assert.Contains("--cache /var/cache/drover", string.Join(' ', DaemonProcess.Arguments(later, "/images", "/programs")), StringComparison.Ordinal);
        Assert.Equal("tcg", UpMemory.Complete(new UpOptions { Data = data, Accelerator = "tcg" }).Accelerator);
    }

    [Fact]
    public void Arguments_CarryDataFolderAndWhatWasAsked()
    {
        Assert.True(ListenAddress.TryParse("127.0.0.1:9001", out var listen));
        var options = new UpOptions { Data = new DataFolder("/data"), Listen = listen, Accelerator = "tcg", Mesos = "m:5050", PassedOn = ["--simulate", "fail=boot"] };
        Assert.Equal(
            ["--data", "/data", "--listen", "127.0.0.1:9001", "--images", "/i", "--programs", "/p", "--accel", "tcg", "--mesos", "m:5050", "--simulate", "fail=boot"],
            DaemonProcess.Arguments(options, "/i", "/p"));
    }

    public void Dispose() => _home.Delete(recursive: true);
}
