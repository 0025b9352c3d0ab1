using FsCheck.Xunit;

namespace Drover.Api.Tests;

public sealed class ByteSizeTests
{
    [Theory]
    [InlineData("512", 512L << 20)]
    [InlineData("512MiB", 512L << 20)]
    [InlineData("512 mb", 512L << 20)]
    [InlineData("2GiB", 2L << 30)]
    [InlineData("2g", 2L << 30)]
    [InlineData("1.5G", 3L << 29)]
    [InlineData("1TiB", 1L << 40)]
    [InlineData("64K", 64L << 10)]
    [InlineData("100B", 100L)]
    public void Parse_WhatPeopleWrite_IsBytes(string text, long bytes) => Assert.Equal(new ByteSize(bytes), ByteSize.Parse(text));

    [Theory]
    [InlineData("")]
    [InlineData("  ")]
    [InlineData("-1GiB")]
    [InlineData("GiB")]
    [InlineData("2XiB")]
    [InlineData("1e9")]
    [InlineData("99999999TiB")]
    [InlineData(null)]
    public void TryParse_NoSize_IsFalse(string? text) => Assert.False(ByteSize.TryParse(text, out _));

    [Property]
    public bool ToString_ParsedAgain_IsTheSame(uint kibibytes) =>
        ByteSize.Parse(new ByteSize(kibibytes * 1024L).ToString()) == new ByteSize(kibibytes * 1024L);

    [Theory]
    [InlineData(1L << 30, "1 GiB")]
    [InlineData((1L << 30) + (205L << 20), "1.2 GiB")]
    [InlineData(700L, "700 B")]
    public void ToDisplayString_HasOneDecimalAtMost(long bytes, string text) => Assert.Equal(text, new ByteSize(bytes).ToDisplayString());

    [Fact]
    public void Mebibytes_ArePartsRoundedUp() => Assert.Equal(2, new ByteSize((1L << 20) + 1).Mebibytes);
}
