using System.Buffers.Binary;
using System.Diagnostics;
using Drover.Api.Agents.Streams;

namespace Drover.Agent.Guest;

/// <summary>A shell of root at a terminal of its own, as one stream of bytes: frames with the channels of <see cref="ShellChannel"/>.</summary>
/// <remarks>Letting it go hangs the terminal up: the shell and what it runs in the foreground end; what was put into the background with <c>nohup</c> goes on.</remarks>
internal sealed class ShellStream : AsyncStream
{
    /// <summary>A login shell of whoever the guest says that root is; what has no bash has sh.</summary>
    private const string Start = """
        exec <"$0" >"$0" 2>&1
        cd "${HOME:-/}" 2>/dev/null || cd /
        shell=$(getent passwd root 2>/dev/null | cut -d: -f7)
        [ -x "$shell" ] || shell=/bin/sh
        exec setsid -c "$shell" -l
        """;

    private static readonly TimeSpan EndPause = TimeSpan.FromSeconds(1);

    private readonly PseudoTerminal _terminal;
    private readonly Process _shell;
    private readonly Multiplexed _frames = new(ShellChannel.Highest);
    private readonly CancellationTokenSource _over = new();
    private byte[] _ready = [];
    private bool _ended;

    private ShellStream(PseudoTerminal terminal, Process shell) => (_terminal, _shell) = (terminal, shell);

    /// <exception cref="IOException">No shell can be started here.</exception>
    public static GuestConnection Open()
    {
        var terminal = PseudoTerminal.Open();
        try
        {
            var start = new ProcessStartInfo("/bin/sh", ["-c", Start, terminal.Path]) { UseShellExecute = false };
            start.Environment["TERM"] = "xterm-256color";
            start.Environment["HOME"] = "/root";
            var stream = new ShellStream(terminal, Process.Start(start)!);
            return new GuestConnection(stream, stream.EndInputAsync);
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            terminal.Dispose();
            throw new IOException($"No shell can be started in this host: {e.Message}", e);
        }
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_ready.Length == 0 && !_ended)
        {
            _ready = await NextAsync(buffer.Length, cancellationToken);
        }

        var now = Math.Min(buffer.Length, _ready.Length);
        _ready.AsSpan(0, now).CopyTo(buffer.Span);
        _ready = _ready[now..];
        return now;
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var typed = new List<byte[]>();
        _frames.Read(buffer.Span, (channel, bytes) =>
        {
            if (channel == ShellChannel.Input)
            {
                typed.Add(bytes.ToArray());
            }
            else if (channel == ShellChannel.Size && bytes.Length == 4)
            {
                _terminal.Resize(BinaryPrimitives.ReadUInt16BigEndian(bytes), BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]));
            }
        });
        foreach (var bytes in typed)
        {
            await _terminal.WriteAsync(bytes, cancellationToken);
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing && !_over.IsCancellationRequested)
        {
            _over.Cancel();
            HangUp();
            _terminal.Dispose();
            _shell.Dispose();
        }

        base.Dispose(disposing);
    }

    private async Task<byte[]> NextAsync(int room, CancellationToken cancellationToken)
    {
        var bytes = new byte[Math.Clamp(room - Multiplexed.HeaderBytes, 1, 16 * 1024)];
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _over.Token);
        var read = await _terminal.ReadAsync(bytes, either.Token);
        if (read > 0)
        {
            return Multiplexed.Write(ShellChannel.Output, bytes.AsSpan(0, read));
        }

        _ended = true;
        await _shell.WaitForExitAsync(either.Token);
        return ShellChannel.WriteExit(_shell.ExitCode);
    }

    private ValueTask EndInputAsync()
    {
        _ = EndAgainAsync();
        return ValueTask.CompletedTask;
    }

    /// <summary>Nothing more will be typed: Ctrl-D, as a terminal has it, for whoever reads next too. One alone is lost where the shell is yet to come up and
    /// change its terminal, or goes to another program than the shell.</summary>
    private async Task EndAgainAsync()
    {
        try
        {
            while (!_over.IsCancellationRequested)
            {
                await _terminal.WriteAsync(new byte[] { 4 }, _over.Token);
                await Task.Delay(EndPause, _over.Token);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or ObjectDisposedException)
        {
            // The shell has ended.
        }
    }

    /// <summary>The terminal is closed below; a shell that does not mind is ended.</summary>
    private void HangUp()
    {
        try
        {
            if (!_shell.HasExited)
            {
                _shell.Kill(entireProcessTree: true);
            }
        }
        catch (InvalidOperationException)
        {
            // It ended by itself.
        }
    }
}
