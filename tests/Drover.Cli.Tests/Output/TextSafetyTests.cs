using Drover.Cli.Output;

namespace Drover.Cli.Tests.Output;

public sealed class TextSafetyTests
{
    [Theory]
    [InlineData("plain name", "plain name")]
    [InlineData("a\u001b[31mred", "a\\x1b[31mred")]
    [InlineData("two\nlines\tand\r", "two lines and ")]
    [InlineData("c1\u009b2J", "c1\\x9b2J")]
    [InlineData("abc\u202egpj", "abc\\u202egpj")]
    [InlineData("größe 日本", "größe 日本")]
    [InlineData(null, "")]
    public void Line_ControlCharacters_BecomeVisible(string? text, string safe) => Assert.Equal(safe, TextSafety.Line(text));

    [Theory]
    [InlineData("boot\nok\n", "boot\nok\n")]
    [InlineData("\u001b[0;32mOK\u001b[0m done", "OK done")]
    [InlineData("\u001b]0;title\aafter", "after")]
    [InlineData("\u001b]0;title\u001b\\after", "after")]
    [InlineData("\u001b(Bx\u001b=y", "xy")]
    [InlineData("a\rb\u0007c", "abc")]
    [InlineData("cut \u001b[3", "cut ")]
    [InlineData("cut \u001b", "cut ")]
    [InlineData("\u001b[12\nnext", "\nnext")]
    public void Console_EscapeSequences_Vanish_LinesStay(string text, string safe) => Assert.Equal(safe, TextSafety.Console(text));
}
