using System.Text.Json.Nodes;
using Drover.Api.Cattle;

namespace Drover.Api.Tests;

public sealed class CattleResourceTests
{
    private static readonly CattleResource Machine = new((JsonObject)JsonNode.Parse("""
        {"id":"1ph7","type":"machine","state":"active","created":"2016-02-01T10:00:00Z","transitioningProgress":"40","count":3,"on":true,
         "labels":{"a":"b","n":1,"none":null},"links":{"self":"http://s/v1/machines/1ph7"},"actions":{},"gone":null}
        """)!);

    [Fact]
    public void Text_OfAnyScalar_IsItsText()
    {
        Assert.Equal("1ph7", Machine.Id);
        Assert.Equal("3", Machine.Text("count"));
        Assert.Equal("true", Machine.Text("on"));
        Assert.Null(Machine.Text("gone"));
        Assert.Null(Machine.Text("labels"));
    }

    [Fact]
    public void TransitioningProgress_AsTextOrNumber_IsANumber() => Assert.Equal(40, Machine.TransitioningProgress);

    [Fact]
    public void Time_IsUtc() => Assert.Equal(new DateTimeOffset(2016, 2, 1, 10, 0, 0, TimeSpan.Zero), Machine.Time("created"));

    [Fact]
    public void Map_HoldsTexts() => Assert.Equal(new Dictionary<string, string> { ["a"] = "b", ["n"] = "1", ["none"] = "" }, Machine.Map("labels"));

    [Fact]
    public void Links_ThatAreMissing_AreNull()
    {
        Assert.Equal("http://s/v1/machines/1ph7", Machine.Link("self"));
        Assert.Null(Machine.Link("host"));
        Assert.Null(Machine.ActionUrl("remove"));
    }

    [Theory]
    [InlineData("http://s:8080/v1", "http://s:8080/v1/projects/1a5")]
    [InlineData("http://s:8080/v2-beta/", "http://s:8080/v2-beta/projects/1a5")]
    [InlineData("http://s/v2-beta/projects/1a9", "http://s/v2-beta/projects/1a5")]
    public void ForProject_FromAnyRoot_IsThatProject(string root, string project)
    {
        using var http = new HttpClient();
        Assert.Equal(project, new CattleClient(http, new Uri(root), null).ForProject("1a5").Root.AbsoluteUri);
    }

    [Fact]
    public void Exception_NamesTheFieldOnce()
    {
        Assert.Equal("name: is taken (422 NotUnique)", new CattleException(422, "NotUnique", "is taken", "name").Message);
        Assert.Equal("The name is taken (422 NotUnique)", new CattleException(422, "NotUnique", "The name is taken", "name").Message);
        Assert.True(new CattleException(503, "x", null, null).IsTransient);
        Assert.False(new CattleException(422, "x", null, null).IsTransient);
    }
}
