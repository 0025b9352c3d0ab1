using Drover.Web.Host;

namespace Drover.Web.Tests.Host;

public sealed class BootLogTests : PageTest
{
    [Fact]
    public async Task Log_NewLines_AppearWithinASecond()
    {
        Cattle.Consoles["1ph1"] = "\u001b[32mLinux\u001b[0m <script>\r\n";
        var log = Render();
        await UntilAsync(() => log.FindAll("[data-testid=boot-log] pre").SingleOrDefault()?.TextContent == "Linux <script>\n");
        Assert.Empty(log.FindAll("script"));

        Cattle.Consoles["1ph1"] += "systemd\r\n";

        await UntilAsync(() => log.Find("pre").TextContent.EndsWith("systemd\n", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Log_NoConsoleYet_SaysWhenItBegins()
    {
        var log = Render();
        await UntilAsync(() => log.Markup.Contains("There is no console yet", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Reader_LongLog_JoinsNearItsEnd()
    {
        Cattle.Consoles["1ph1"] = string.Concat(Enumerable.Range(0, 40_000).Select(i => $"line {i:00000} of the log\n"));
        var text = new BootLogText();
        var reader = new BootLogReader(Session.In("1a5"), "1ph1", text);

        Assert.True(await reader.ReadAsync(Token));

        Assert.EndsWith("line 39999 of the log\n", text.Blocks[^1].Text, StringComparison.Ordinal);
        Assert.Equal(Cattle.Consoles["1ph1"].Length, reader.Offset);
        Assert.False(await reader.ReadAsync(Token));
    }

    [Fact]
    public async Task Reader_ConsoleBeganAnew_ShowsTheNewOne()
    {
        Cattle.Consoles["1ph1"] = "first boot, a long one\n";
        var text = new BootLogText();
        var reader = new BootLogReader(Session.In("1a5"), "1ph1", text);
        await reader.ReadAsync(Token);

        Cattle.Consoles["1ph1"] = "second\n";
        await reader.ReadAsync(Token);

        Assert.Equal("second\n", string.Concat(text.Blocks.Select(b => b.Text)));
    }

    private IRenderedComponent<BootLog> Render() => Page.Render<BootLog>(p => p.Add(c => c.Environment, "1a5").Add(c => c.MachineId, "1ph1"));
}
