using System.IO.Pipelines;
using System.Text;
using Drover.Executor.Consoles;
using Drover.Executor.Machines;

namespace Drover.Executor.Tests.Consoles;

public sealed class SerialLineTests : IDisposable
{
    private readonly TestFolder folder = new();
    private readonly RingLog log;
    private readonly Pipe output = new();
    private readonly MemoryStream input = new();
    private readonly SerialLine line;
    private readonly Task pumping;

    public SerialLineTests()
    {
        log = new RingLog(folder["console.log"]);
        line = new SerialLine(log, output.Reader.AsStream(), input);
        pumping = line.PumpAsync();
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        log.Dispose();
        folder.Dispose();
        input.Dispose();
    }

    [Fact]
    public async Task Output_GoesToTheLogAndToEveryHolder()
    {
        await using var one = line.Attach();
        await using var two = line.Attach();
        await SayAsync("login: ");
        Assert.Equal("login: ", await ReadAsync(one, "login: "));
        Assert.Equal("login: ", await ReadAsync(two, "login: "));
        Assert.Equal(["login:"], log.Tail(5).Select(l => l.TrimEnd()));
    }

    [Fact]
    public async Task Attach_Later_BeginsWithTheLastLines()
    {
        await using (var first = line.Attach())
        {
            await SayAsync("kernel\r\nready\r\n");
            await ReadAsync(first, "ready\r\n");
        }

        await using var later = line.Attach();
        Assert.Equal("kernel\r\nready\r\n", await ReadAsync(later, "ready\r\n"));
    }

    [Fact]
    public async Task Input_OfAHolder_GoesToTheMachine()
    {
        await using var holder = line.Attach();
        await holder.WriteAsync("root\r"u8.ToArray(), Token);
        Assert.Equal("root\r", Encoding.UTF8.GetString(input.ToArray()));
    }

    [Fact]
    public async Task Holder_WhoDoesNotKeepUp_LosesSomeAndIsTold_AndTheMachineIsNotHeldUp()
    {
        await using var slow = line.Attach();
        await using var quick = line.Attach();
        for (var i = 0; i < 80; i++)
        {
            await SayAsync($"line {i}\n");
            await ReadAsync(quick, $"line {i}\n");
        }

        var seen = await ReadAsync(slow, "line 79\n");
        Assert.Contains("some output was lost", seen, StringComparison.Ordinal);
        Assert.Equal("line 79", log.Tail(1)[0]);
    }

    [Fact]
    public async Task Machine_ThatEnds_EndsItsHolders()
    {
        await using var holder = line.Attach();
        await output.Writer.CompleteAsync();
        await pumping.WaitAsync(Token);
        Assert.Equal(0, await holder.ReadAsync(new byte[16], Token));
        await using var later = line.Attach();
        Assert.Equal(0, await later.ReadAsync(new byte[16], Token));
    }

    private async Task SayAsync(string text) => await output.Writer.WriteAsync(Encoding.UTF8.GetBytes(text), Token);

    private static async Task<string> ReadAsync(IConsole console, string until)
    {
        var text = new StringBuilder();
        var buffer = new byte[64];
        while (!text.ToString().EndsWith(until, StringComparison.Ordinal))
        {
            text.Append(Encoding.UTF8.GetString(buffer, 0, await console.ReadAsync(buffer, Token)));
        }

        return text.ToString();
    }
}
