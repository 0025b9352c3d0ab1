using Drover.Server.Api.Requests;
using Drover.Server.Machines;

namespace Drover.Server.Tests.Machines;

public class UserDataTests
{
    [Theory]
    [InlineData("#cloud-config\npackages: [git]\nruncmd:\n- [touch, /x]\n")]
    [InlineData("#cloud-config\n# only a comment\n")]
    [InlineData("#cloud-config\nwrite_files:\n- {path: /vendor_data, content: vendor_data}\nkey: vendor_data\n")]
    [InlineData("#cloud-config-archive\n- type: text/cloud-config\n  content: 'x: 1'\n")]
    [InlineData("#!/bin/sh\necho {{{ : not yaml\n")]
    [InlineData("#include\nhttps://example.org/more\n")]
    [InlineData("## template: jinja\n#cloud-config\n{% if x %}")]
    [InlineData("Content-Type: multipart/mixed; boundary=\"x\"\n\n--x--\n")]
    public void Check_WhatCloudInitTakes_StaysAsItIs(string text) => Assert.Equal(text, UserData.Check(text, "debian", true));

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData(" \n")]
    public void Check_Nothing_IsNone(string? text) => Assert.Null(UserData.Check(text, "drover", false));

    [Theory]
    [InlineData("packages: [git]\n", "#cloud-config")]
    [InlineData("#cloud-config\n- a\n- b\n", "keys with values")]
    [InlineData("#cloud-config\njust a text\n", "keys with values")]
    [InlineData("#cloud-config\na: [1\nb: 2\n", "does not end")]
    [InlineData("#cloud-config\na: 1\nb: c: d\n", "line 3")]
    [InlineData("#cloud-config\npackages: [git]\nvendor_data: {enabled: false}\n", "vendor_data")]
    [InlineData("#cloud-config-archive\na: 1\n", "a list")]
    [InlineData("#!/bin/sh\n\0", "begin like")]
    public void Check_WhatCloudInitWouldIgnore_IsRefusedWithAReason(string text, string expected)
    {
        var e = Assert.Throws<ApiError>(() => UserData.Check(text, "debian", true));

        Assert.Equal((422, "mesosConfig.userData"), (e.Status, e.FieldName));
        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Check_TooMuch_IsRefused() =>
        Assert.Equal("MaxLengthExceeded", Assert.Throws<ApiError>(() => UserData.Check("#!/bin/sh\n" + new string('x', UserData.MaxBytes), "debian", true)).Code);

    [Fact]
    public void Check_NestedWithoutEnd_IsRefusedAndHarmless() =>
        Assert.Contains("nested", Assert.Throws<ApiError>(() => UserData.Check("#cloud-config\na: " + new string('[', 16_000), "debian", true)).Message, StringComparison.Ordinal);

    [Fact]
    public void Check_ForAnImageWithoutCloudInit_SaysSo() =>
        Assert.Contains("does not run cloud-init", Assert.Throws<ApiError>(() => UserData.Check("#!/bin/sh\n", "drover", false)).Message, StringComparison.Ordinal);

    [Fact]
    public void Check_ForAnImageOfUnknownKind_IsTaken() => Assert.NotNull(UserData.Check("#!/bin/sh\n", "debian", null));
}
