using System.Net.WebSockets;
using System.Text.Json.Nodes;
using Drover.Api.Machines;
using Drover.Executor.Machines;

namespace Drover.Conformance.Tests.Machines;

/// <summary>The consoles of every driver: a screen that speaks RFB and a serial port that takes what is typed, over WebSockets that the machine's side dials.</summary>
public abstract partial class MachineDriverConformance
{
    [Fact]
    public async Task Consoles_OfAMachineThatStarts_AreForUse_AndEndWithIt()
    {
        Require();
        using var limit = Limit();
        await using var server = await StandInServer.StartAsync(ImageFolder, limit.Token);
        await using var lab = NewLab(server, task => task with { Display = MachineDisplay.Vga, StartFrom = "cold" });
        lab.Start(NewDriver(lab.Context));
        await lab.UntilStageAsync(MachineStage.Boot, limit.Token);

        await using var screen = await OpenAsync(lab, server, ConsoleKind.Graphical, limit.Token);
        var (width, height, name) = await RfbViewer.GreetAsync(screen, limit.Token);
        Assert.True(width >= 320 && height >= 200, $"a screen of {width} × {height}");
        Assert.NotEmpty(name);
        Assert.NotEmpty(await RfbViewer.PictureAsync(screen, limit.Token));

        // A second viewer, and the serial port beside both.
        await using (var second = await OpenAsync(lab, server, ConsoleKind.Graphical, limit.Token))
        {
            // The machine may have changed the size meanwhile, as firmware and kernels do.
            Assert.Equal(name, (await RfbViewer.GreetAsync(second, limit.Token)).Name);
        }

        await using var serial = await OpenAsync(lab, server, ConsoleKind.Serial, limit.Token);
        Assert.NotEmpty(await serial.ReadAsync(1, limit.Token));
        await serial.WriteAsync("x"u8.ToArray(), limit.Token);

        var refused = await lab.CommandAsync(MachineCommand.Console, Call(server, ConsoleKind.Serial, "not-the-secret"), limit.Token);
        Assert.False(refused.Ok);
        Assert.Contains("does not reach", refused.Message!, StringComparison.Ordinal);

        await lab.StopAsync(TimeSpan.Zero);
        Assert.Equal(MachinePhase.Stopped, await lab.Life.WaitAsync(limit.Token));
        Assert.Equal("The machine is being removed.", await screen.EndAsync(limit.Token));
        Assert.Equal("The machine is being removed.", await serial.EndAsync(limit.Token));
        Assert.DoesNotContain(lab.Log, line => line.Contains("unexpected", StringComparison.Ordinal));
    }

    private static async Task<ConsoleEnd> OpenAsync(MachineLab lab, StandInServer server, string kind, CancellationToken token)
    {
        CommandOutcome outcome;
        do
        {
            outcome = await lab.CommandAsync(MachineCommand.Console, Call(server, kind, StandInServer.ConsoleSecret), token);
        }
        while (outcome.Message?.Contains("not switched on yet", StringComparison.Ordinal) == true);

        Assert.True(outcome.Ok, outcome.Message);
        return await server.Consoles.Reader.ReadAsync(token);
    }

    private static JsonObject Call(StandInServer server, string kind, string secret) =>
        new() { ["kind"] = kind, ["url"] = $"ws://{server.Root.Authority}{StandInServer.ConsolePath}", ["secret"] = secret };
}

/// <summary>A console as the server has it.</summary>
internal sealed class ConsoleEnd(WebSocket socket, TaskCompletionSource over) : IAsyncDisposable
{
    private readonly List<byte> rest = [];

    /// <summary>Exactly so many bytes.</summary>
    internal async Task<byte[]> ReadAsync(int count, CancellationToken token)
    {
        var buffer = new byte[16 * 1024];
        while (rest.Count < count)
        {
            var received = await socket.ReceiveAsync(buffer.AsMemory(), token);
            Assert.NotEqual(WebSocketMessageType.Close, received.MessageType);
            rest.AddRange(buffer.AsSpan(0, received.Count));
        }

        var taken = rest.Take(count).ToArray();
        rest.RemoveRange(0, count);
        return taken;
    }

    internal async Task WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken token) => await socket.SendAsync(bytes, WebSocketMessageType.Binary, endOfMessage: true, token);

    /// <summary>The reason of the farewell.</summary>
    internal async Task<string?> EndAsync(CancellationToken token)
    {
        var buffer = new byte[16 * 1024];
        while ((await socket.ReceiveAsync(buffer.AsMemory(), token)).MessageType != WebSocketMessageType.Close)
        {
        }

        return socket.CloseStatusDescription;
    }

    public ValueTask DisposeAsync()
    {
        over.TrySetResult();
        return ValueTask.CompletedTask;
    }
}
