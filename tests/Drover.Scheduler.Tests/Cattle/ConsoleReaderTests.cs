using System.Text;
using Drover.Scheduler.Cattle;
using Drover.Scheduler.Tests.Fakes;

namespace Drover.Scheduler.Tests.Cattle;

public sealed class ConsoleReaderTests
{
    [Theory]
    [InlineData("abc", 100, 3)]
    [InlineData("abä", 100, 4)]
    [InlineData("", 0, 0)]
    public void Console_WholeCharacters_AreAllGiven(string text, long size, long next)
    {
        var console = ConsoleReader.Console(0, Encoding.UTF8.GetBytes(text), size).Data!["console"]!;
        Assert.Equal((text, next), ((string)console["text"]!, (long)console["next"]!));
    }

    [Theory]
    [InlineData("ab€", 1)]
    [InlineData("ab€", 2)]
    [InlineData("ab😀", 3)]
    public void Console_CharacterCutAtTheEnd_IsLeftForTheNextRead(string text, int missing)
    {
        var bytes = Encoding.UTF8.GetBytes(text)[..^missing];
        var console = ConsoleReader.Console(10, bytes, 100).Data!["console"]!;
        Assert.Equal(("ab", 12L), ((string)console["text"]!, (long)console["next"]!));
    }

    [Fact]
    public void Console_CutCharacterAtTheEndOfTheFile_IsGivenAsItIs()
    {
        var bytes = Encoding.UTF8.GetBytes("ab€")[..^1];
        Assert.Equal(4, (long)ConsoleReader.Console(0, bytes, bytes.Length).Data!["console"]!["next"]!);
    }

    [Fact]
    public async Task ConsoleEvent_OfMachineWithoutTask_IsAnsweredEmpty()
    {
        await using var scheduler = await TestScheduler.StartAsync();
        var replyTo = await scheduler.Cattle.SendAsync("1ph1", "physicalhost.console", new() { ["offset"] = 7, ["length"] = 100 });
        await scheduler.UntilAsync(() => scheduler.Cattle.RepliesTo(replyTo).Count == 1, "answered");
        var console = scheduler.Cattle.RepliesTo(replyTo)[0]["data"]!["console"]!;
        Assert.Equal((7, 7, "", 0), ((int)console["offset"]!, (int)console["next"]!, (string)console["text"]!, (int)console["size"]!));
    }
}
