using System.Text;
using Drover.Executor.Machines;

namespace Drover.Executor.Tests.Machines;

public sealed class RingLogTests
{
    [Fact]
    public void Append_MoreThanTheLimit_KeepsTheNewestInTwoFiles()
    {
        using var folder = new TestFolder();
        using var log = new RingLog(folder["console.log"], limit: 1000);
        for (var i = 0; i < 1000; i++)
        {
            log.AppendLine($"line {i:0000}");
        }

        Assert.InRange(new FileInfo(folder["console.log"]).Length, 1, 1000);
        Assert.Equal(1000, new FileInfo(folder["console.log.1"]).Length);
        Assert.Equal(["line 0998", "line 0999"], log.Tail(2));
        Assert.Equal(2, Directory.GetFiles(folder.Path).Length);
    }

    [Fact]
    public void Append_OnePieceLargerThanTheLimit_IsCutNotLost()
    {
        using var folder = new TestFolder();
        using var log = new RingLog(folder["console.log"], limit: 100);
        log.Append(Encoding.ASCII.GetBytes(new string('a', 250)));

        Assert.Equal(50, new FileInfo(folder["console.log"]).Length);
    }

    [Fact]
    public void Tail_AfterARotation_ReachesIntoTheOlderFile()
    {
        using var folder = new TestFolder();
        using var log = new RingLog(folder["console.log"], limit: 60);
        foreach (var word in new[] { "one", "two", "three" })
        {
            log.AppendLine(word + new string('.', 20));
        }

        Assert.Equal(3, log.Tail(40).Count);
        Assert.True(File.Exists(folder["console.log.1"]));
    }

    [Fact]
    public void Tail_NothingWritten_IsEmpty()
    {
        using var folder = new TestFolder();
        using var log = new RingLog(folder["console.log"]);

        Assert.Empty(log.Tail(40));
    }

    [Fact]
    public void Append_DiskDoesNotTakeIt_NotesTheFaultAndGoesOn()
    {
        using var log = new RingLog("/dev/full");
        log.AppendLine("lost");

        Assert.NotNull(log.Fault);
    }

    [Theory]
    [InlineData("\u001b[31mred\u001b[0m text\r", "red text")]
    [InlineData("a\tb\u0007", "a b")]
    [InlineData("\u001b[2J", "")]
    [InlineData("plain", "plain")]
    public void Clean_ConsoleLine_LosesControlCharacters(string line, string expected) => Assert.Equal(expected, ConsoleText.Clean(line));

    [Fact]
    public void Clean_EndlessLine_IsCut() => Assert.Equal(400, ConsoleText.Clean(new string('x', 100_000)).Length);
}
