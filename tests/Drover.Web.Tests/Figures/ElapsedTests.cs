using Drover.Web.Figures;

namespace Drover.Web.Tests.Figures;

public sealed class ElapsedTests : PageTest
{
    [Fact]
    public void Elapsed_ASecondPasses_CountsOn()
    {
        var elapsed = Page.Render<Elapsed>(p => p.Add(c => c.Since, Time.GetUtcNow().AddSeconds(-14)));
        Assert.Equal("14 s", elapsed.Find("span").TextContent);

        Time.Advance(TimeSpan.FromSeconds(1));

        elapsed.WaitForAssertion(() => Assert.Equal("15 s", elapsed.Find("span").TextContent));
    }

    [Fact]
    public void Ago_Hover_SaysTheExactTime()
    {
        var ago = Page.Render<Ago>(p => p.Add(c => c.At, Time.GetUtcNow().AddMinutes(-5)));
        Assert.Equal("5 min ago", ago.Find("time").TextContent);
        Assert.Equal("2026-03-01 11:55:00 UTC", ago.Find("time").GetAttribute("title"));
    }
}
