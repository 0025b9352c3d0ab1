namespace Drover.Mesos.Tests.Masters;

public sealed class MasterAddressTests
{
    [Theory]
    [InlineData("m1", "http://m1:5050/")]
    [InlineData("m1:5051", "http://m1:5051/")]
    [InlineData("http://m1:80", "http://m1/")]
    [InlineData("https://m1", "https://m1:5050/")]
    [InlineData("https://m1:5443/", "https://m1:5443/")]
    [InlineData("10.0.0.1", "http://10.0.0.1:5050/")]
    [InlineData("[::1]", "http://[::1]:5050/")]
    [InlineData("[::1]:99", "http://[::1]:99/")]
    [InlineData("m1, m2:1 ,m1", "http://m1:5050/ http://m2:1/")]
    public void ParseList_EveryForm_IsRead(string text, string expected) =>
        Assert.Equal(expected, string.Join(' ', MasterAddress.ParseList(text).Select(u => u.AbsoluteUri)));

    [Theory]
    [InlineData("")]
    [InlineData(",")]
    [InlineData("ftp://m1")]
    [InlineData("m1:99999")]
    [InlineData("http://m1/path")]
    [InlineData("a b")]
    public void ParseList_OtherText_IsRefused(string text) => Assert.Throws<FormatException>(() => MasterAddress.ParseList(text));

    [Fact]
    public void CreateDetector_ZooKeeper_IsNamedWithoutItsPassword()
    {
        var error = Assert.Throws<NotSupportedException>(() => MasterAddress.CreateDetector("zk://user:secret@z1:2181,z2:2181/mesos"));
        Assert.Contains("ZooKeeper", error.Message, StringComparison.Ordinal);
        Assert.Contains("z1:2181", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task List_Rejected_GoesRoundAndRemembersTheLeader()
    {
        var token = TestContext.Current.CancellationToken;
        var detector = MasterAddress.CreateDetector("m1,m2");
        var m1 = await detector.DetectAsync(token);
        detector.Reject(m1);
        var m2 = await detector.DetectAsync(token);
        Assert.Equal("m2", m2.Host);
        detector.Confirm(new Uri("http://m3:5050"));
        Assert.Equal("m3", (await detector.DetectAsync(token)).Host);
        detector.Reject(new Uri("http://m3:5050"));
        Assert.Equal("m1", (await detector.DetectAsync(token)).Host);
    }

    [Fact]
    public async Task File_Changed_IsReadAgain()
    {
        var token = TestContext.Current.CancellationToken;
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, "m1:1\n", token);
            var detector = MasterAddress.CreateDetector($"file://{file}");
            Assert.Equal(1, (await detector.DetectAsync(token)).Port);
            await File.WriteAllTextAsync(file, "m1:2\n", token);
            Assert.Equal(2, (await detector.DetectAsync(token)).Port);
            await File.WriteAllTextAsync(file, "no address", token);
            await Assert.ThrowsAsync<MesosException>(async () => await detector.DetectAsync(token));
        }
        finally
        {
            File.Delete(file);
        }

        var missing = MasterAddress.CreateDetector($"file://{file}");
        await Assert.ThrowsAsync<MesosException>(async () => await missing.DetectAsync(token));
    }
}
