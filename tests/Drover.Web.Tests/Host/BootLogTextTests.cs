using Drover.Web.Host;

namespace Drover.Web.Tests.Host;

public sealed class BootLogTextTests
{
    private readonly BootLogText _log = new();

    private string Text => string.Concat(_log.Blocks.Select(b => b.Text));

    [Theory]
    [InlineData("plain\n", "plain\n")]
    [InlineData("\u001b[31mred\u001b[0m\r\n", "red\n")]
    [InlineData("\u001b[0;1;39m[  OK  ]\u001b[0m Started\n", "[  OK  ] Started\n")]
    [InlineData("\u001b]0;title\u0007text\n", "text\n")]
    [InlineData("\u001bcreset\u001b(B\n", "reset\n")]
    [InlineData("a\tb\0\u0007\u007fc\n", "a\tbc\n")]
    [InlineData("10 %\r20 %\r100 %\n", "100 %\n")]
    [InlineData("unfinished", "unfinished")]
    public void Append_Text_IsSafeToShow(string chunk, string shown)
    {
        _log.Append(chunk);
        Assert.Equal(shown, Text);
    }

    [Fact]
    public void Append_CutAnywhere_IsTheSameAsAtOnce()
    {
        const string text = "\u001b[0;1;39mA\u001b[0m line\r\n\u001b]0;t\u001b\\progress 1\rprogress 2\r\nend";
        for (var cut = 0; cut <= text.Length; cut++)
        {
            var log = new BootLogText();
            log.Append(text[..cut]);
            log.Append(text[cut..]);
            Assert.Equal("A line\nprogress 2\nend", string.Concat(log.Blocks.Select(b => b.Text)));
        }
    }

    [Fact]
    public void Append_EndlessSequence_DoesNotSwallowTheLog()
    {
        _log.Append("\u001b]" + new string('x', 1000) + "\n");
        _log.Append("next\n");
        Assert.EndsWith("next\n", Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Append_MoreThanKept_DropsTheOldestBlocks()
    {
        for (var i = 0; i < BootLogText.MostLines + 250; i++)
        {
            _log.Append($"{i}\n");
        }

        var lines = Text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.True(_log.Cut);
        Assert.InRange(lines.Length, BootLogText.MostLines - BootLogText.BlockLines, BootLogText.MostLines);
        Assert.Equal($"{BootLogText.MostLines + 249}", lines[^1]);
    }

    [Fact]
    public void Append_OneLine_ChangesOnlyTheLastBlock()
    {
        _log.Append(string.Concat(Enumerable.Range(0, 150).Select(i => $"{i}\n")));
        var versions = _log.Blocks.Select(b => b.Version).ToList();
        _log.Append("more\n");
        Assert.Equal(versions[0], _log.Blocks[0].Version);
        Assert.NotEqual(versions[1], _log.Blocks[1].Version);
    }
}
