using System.Buffers.Binary;
using System.Text;
using Drover.Agent.Guest;
using Drover.Api.Agents.Streams;

namespace Drover.Agent.Tests.Guest;

/// <summary>Shells of this machine, at terminals of their own.</summary>
public sealed class ShellStreamTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Shell_WhoseInputEnds_DoesWhatWasTypedAndEnds()
    {
        var shell = ShellStream.Open();

        // At once: the shell has yet to come up.
        await shell.Bytes.WriteAsync(Multiplexed.Write(ShellChannel.Input, "echo $((40 + 2)) is said; false\n"u8), Token);
        await shell.EndInput();

        var (shown, exit) = await ReadAsync(shell.Bytes);
        Assert.Contains("42 is said", shown, StringComparison.Ordinal);
        Assert.Equal(1, exit);
    }

    [Fact]
    public async Task Shell_WhoseInputEndsInAProgram_EndsWithTheProgram()
    {
        var shell = ShellStream.Open();
        await shell.Bytes.WriteAsync(Multiplexed.Write(ShellChannel.Input, "cat\n"u8), Token);
        await shell.EndInput();

        Assert.Equal(0, (await ReadAsync(shell.Bytes)).Exit);
    }

    private static async Task<(string Shown, int? Exit)> ReadAsync(Stream stream)
    {
        await using var shell = stream;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Token);
        limit.CancelAfter(TimeSpan.FromMinutes(1));
        var frames = new Multiplexed(ShellChannel.Highest);
        var (shown, buffer) = (new StringBuilder(), new byte[4096]);
        int? exit = null;
        while (await shell.ReadAsync(buffer, limit.Token) is > 0 and var read)
        {
            frames.Read(buffer.AsSpan(0, read), (channel, bytes) =>
            {
                if (channel == ShellChannel.Output)
                {
                    shown.Append(Encoding.UTF8.GetString(bytes));
                }
                else if (channel == ShellChannel.Exit)
                {
                    exit = BinaryPrimitives.ReadInt32BigEndian(bytes);
                }
            });
        }

        return (shown.ToString(), exit);
    }
}
