using Drover.Api.Cattle;
using Drover.Web.AddHost;

namespace Drover.Web.Tests.AddHost;

public sealed class HostFormTests
{
    private static readonly HashSet<string> Taken = new(StringComparer.OrdinalIgnoreCase) { "web-1", "db" };

    [Theory]
    [InlineData("", "needs a name")]
    [InlineData("   ", "needs a name")]
    [InlineData("web_1", "Letters, digits and hyphens")]
    [InlineData("web.1", "Letters, digits and hyphens")]
    [InlineData("wéb", "Letters, digits and hyphens")]
    [InlineData("-web", "begin and end")]
    [InlineData("web-", "begin and end")]
    [InlineData("Web-1", "There is a host named Web-1 already")]
    [InlineData("a234567890123456789012345678901234567890123456789012345678901234", "At most 63 characters; this has 64")]
    public void Errors_BadName_SaysWhy(string name, string why) => Assert.Contains(why, Errors(new HostForm { Name = name })["name"], StringComparison.Ordinal);

    [Theory]
    [InlineData("web-2")]
    [InlineData(" web-2 ")]
    [InlineData("W")]
    [InlineData("a23456789012345678901234567890123456789012345678901234567890123")]
    public void Errors_GoodName_None(string name) => Assert.Empty(Errors(new HostForm { Name = name }));

    [Fact]
    public void Errors_OneOfSeveralNamesIsTaken_NamesIt() =>
        Assert.Equal("There is a host named web-1 already.", Errors(new HostForm { Name = "web", Count = "3" })["name"]);

    [Fact]
    public void Disks_AreAskedForAsTheCommandLineAsks()
    {
        var spec = new HostForm { Name = "x", Disks = "data:20GiB, logs:1GiB" }.Read();

        Assert.Equal("""["data:20GiB","logs:1GiB"]""", spec.ToRequest("x")["mesosConfig"]!["disks"]!.ToJsonString());
        Assert.Equal("drover host create x --extra-disk data=20GiB --extra-disk logs=1GiB", spec.ToCommandLine());
        Assert.Equal("data:20GiB, logs:1GiB", HostForm.Of(spec).Disks);
    }

    [Theory]
    [InlineData("nat", "10MiB", 10 << 20, null)]
    [InlineData("bridge:br0", "", null, null)]
    [InlineData("auto", "fast", null, "A size such as 10MiB.")]
    [InlineData("user", "10MiB", null, null)]
    [InlineData("", "10MiB", null, null)]
    public void NetworkLimit_IsOfNetworksThatCanBeLimited(string network, string written, int? bytes, string? error)
    {
        var form = new HostForm { Name = "x", Network = network, NetworkLimit = written };

        Assert.Equal(error, Errors(form).GetValueOrDefault("networkBytes"));
        Assert.Equal(bytes, (int?)form.Read().NetworkLimit?.Bytes);
        Assert.Equal(bytes is null ? null : "10MiB", (string?)form.Read().ToRequest("x")["mesosConfig"]!["networkBytes"]);
        Assert.Equal(bytes is not null, form.Read().ToCommandLine().EndsWith("--network-bytes 10MiB", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("count", "0")]
    [InlineData("count", "-1")]
    [InlineData("count", "1.5")]
    [InlineData("count", "101")]
    [InlineData("cpus", "0")]
    [InlineData("cpus", "-2")]
    [InlineData("cpus", "two")]
    [InlineData("cpus", "1e9")]
    [InlineData("memory", "lots")]
    [InlineData("memory", "-1GiB")]
    [InlineData("memory", "0")]
    [InlineData("disk", "")]
    [InlineData("disk", "99999999TiB")]
    [InlineData("disks", "data")]
    [InlineData("disks", "data:20GiB, :1GiB")]
    [InlineData("disks", "data:much")]
    [InlineData("image", " ")]
    [InlineData("labels", "zone")]
    [InlineData("labels", "a=b, =c")]
    [InlineData("constraints", "rack")]
    [InlineData("constraints", "rack:NEAR:a")]
    [InlineData("constraints", "rack:EQUALS:")]
    [InlineData("constraints", "rack:EQUALS")]
    public void Errors_BadValue_StandsAtItsField(string field, string value)
    {
        var form = new HostForm { Name = "x" };
        typeof(HostForm).GetProperty(char.ToUpperInvariant(field[0]) + field[1..])!.SetValue(form, value);
        Assert.Equal([field], Errors(form).Keys);
    }

    [Fact]
    public void Read_Filled_BecomesRequestAndCommand()
    {
        var form = new HostForm { Name = "web", Count = "2", Cpus = "2", Memory = "4GiB", Disk = "20480", Labels = "zone=a, tier=web", Constraints = "rack:EQUALS:a hostname:UNIQUE" };
        Assert.Empty(Errors(form, free: true));
        var spec = form.Read();

        Assert.Equal(["web-1", "web-2"], spec.Names);
        Assert.Equal(
            """{"name":"web-1","mesosConfig":{"cpus":2,"memory":"4GiB","disk":"20GiB","image":"drover","constraints":["rack:EQUALS:a","hostname:UNIQUE"]},"labels":{"zone":"a","tier":"web"}}""",
            spec.ToRequest("web-1").ToJsonString());
        Assert.Equal(
            "drover host create web --count 2 --cpus 2 --memory 4GiB --disk 20GiB --label zone=a --label tier=web --constraint rack:EQUALS:a --constraint hostname:UNIQUE",
            spec.ToCommandLine());
    }

    [Fact]
    public void CommandLine_DefaultsAndStrangeWords_AreLeftOutAndQuoted()
    {
        Assert.Equal("drover host create web-1", new HostSpec { Name = "web-1" }.ToCommandLine());
        Assert.Equal("drover host create x --label 'note=it'\\''s $mine'", new HostSpec { Name = "x", Labels = [new("note", "it's $mine")] }.ToCommandLine());
    }

    [Theory]
    [InlineData("web-1", "web-2")]
    [InlineData("db", "db-1")]
    [InlineData("fresh", "fresh-1")]
    public void FreeName_LikeAnother_CountsOn(string like, string expected) => Assert.Equal(expected, HostForm.FreeName(like, Taken));

    [Fact]
    public void Refuse_ServerNamesAField_StaysThereUntilTheFieldChanges()
    {
        var form = new HostForm { Name = "x", Memory = "900TiB" };
        Assert.True(form.Refuse(new CattleException(422, "MaxLimitExceeded", null, "mesosConfig.memory"), "x"));
        Assert.Equal("That is more than the server allows.", Errors(form)["memory"]);

        form.Touch("memory");

        Assert.Empty(Errors(form));
    }

    [Fact]
    public void Refuse_ServerNamesNoFieldOfOurs_IsNotTaken() =>
        Assert.False(new HostForm().Refuse(new CattleException(422, "InvalidReference", null, "accountId"), "x"));

    [Theory]
    [InlineData("1", "1GiB", "10GiB", "small")]
    [InlineData("2", "4096", "20 GiB", "medium")]
    [InlineData("3", "4GiB", "20GiB", null)]
    public void Preset_SizesOfOne_IsRecognised(string cpus, string memory, string disk, string? preset) =>
        Assert.Equal(preset, new HostForm { Cpus = cpus, Memory = memory, Disk = disk }.Preset);

    private static IReadOnlyDictionary<string, string> Errors(HostForm form, bool free = false) => form.Errors(free ? new HashSet<string>() : Taken);
}
