using System.Text.Json.Nodes;
using Drover.Api.Cattle;
using Drover.Web.Containers;
using Drover.Web.Tests.Fakes;

namespace Drover.Web.Tests.Containers;

/// <summary>Memory is the whole process's: nothing else may run meanwhile.</summary>
[CollectionDefinition(nameof(ContainersModelSizeTests), DisableParallelization = true)]
[Collection(nameof(ContainersModelSizeTests))]
public sealed class ContainersModelSizeTests
{
    [Fact]
    public void Model_TenThousandContainers_IsSmall()
    {
        var model = new ContainersModel();
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var reading = model.Begin();
        for (var i = 0; i < 10_000; i++)
        {
            reading.Take([new CattleResource(Some.With(Some.Container($"1i{i}", $"web-{i}", host: $"1h{i % 200}"), ("labels", new JsonObject { ["tier"] = "web", ["team"] = "shop" }), ("ports", new JsonArray("8080:80/tcp"))))]);
        }

        reading.End();
        var each = (GC.GetTotalMemory(forceFullCollection: true) - before) / 10_000;
        Assert.True(each < 1200, $"{each} bytes per container");
        GC.KeepAlive(model);
    }
}
