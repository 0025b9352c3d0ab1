using System.Text.Json.Nodes;
using Drover.Server.Processes;
using Drover.Server.Storage;

namespace Drover.Server.Tests.Processes;

public class ReplyDataTests
{
    private static MachineRow Row() => new()
    {
        Name = "web",
        State = "creating",
        Fields = new JsonObject { ["labels"] = new JsonObject { ["a"] = "1" }, ["accelerator"] = "tcg" },
        Data = new JsonObject { ["kept"] = true },
    };

    private static JsonObject Json(string text) => (JsonObject)JsonNode.Parse(text)!;

    [Fact]
    public void Merge_PlusDataPlusFields_SetsFieldsAndKeepsOthers()
    {
        var row = Row();
        ReplyData.Merge(row, Json("""{"+data":{"+fields":{"accelerator":"kvm","stages":[{"stage":"boot"}]},"own":1}}"""));
        Assert.Equal("kvm", (string?)row.Fields["accelerator"]);
        Assert.Equal("boot", (string?)row.Fields["stages"]![0]!["stage"]);
        Assert.Equal("1", (string?)row.Fields["labels"]!["a"]);
        Assert.True((bool)row.Data["kept"]!);
        Assert.Equal(1, (int)row.Data["own"]!);
    }

    [Fact]
    public void Merge_PlusOnAMap_MergesAndPlainReplaces()
    {
        var row = Row();
        ReplyData.Merge(row, Json("""{"+labels":{"b":"2"}}"""));
        Assert.Equal("""{"a":"1","b":"2"}""", row.Fields["labels"]!.ToJsonString());
        ReplyData.Merge(row, Json("""{"labels":{"c":"3"}}"""));
        Assert.Equal("""{"c":"3"}""", row.Fields["labels"]!.ToJsonString());
    }

    [Theory]
    [InlineData("""{"state":"active","accountId":"1a1","name":"stolen","+externalId":"x","kind":"host"}""")]
    [InlineData("""{"+data":{"+fields":{"state":"active","uuid":"x"}}}""")]
    public void Merge_WhatBelongsToTheServer_IsLeftAlone(string reply)
    {
        var row = Row();
        var before = row.Fields.ToJsonString();
        ReplyData.Merge(row, Json(reply));
        Assert.Equal(("web", "creating"), (row.Name, row.State));
        Assert.Equal(before, row.Fields.ToJsonString());
    }

    [Fact]
    public void Merge_PlusWhereNothingIs_SetsWithoutTheSign()
    {
        var row = Row();
        ReplyData.Merge(row, Json("""{"+placement":{"+inner":{"x":1}}}"""));
        Assert.Equal("""{"inner":{"x":1}}""", row.Fields["placement"]!.ToJsonString());
    }
}
