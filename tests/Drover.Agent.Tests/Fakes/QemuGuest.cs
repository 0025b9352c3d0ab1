using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Drover.Agent.Channel;
using Drover.Api.Agents;
using Drover.Api.Machines;

namespace Drover.Agent.Tests.Fakes;

/// <summary>A guest of the built image under QEMU without KVM, with the test as its executor.</summary>
internal sealed class QemuGuest : IAsyncDisposable
{
    private readonly TestFolder _folder = new();
    private readonly Process _qemu;
    private Stream? _channel;
    private LineReader? _reader;

    public QemuGuest(string image, int memoryMib = 768)
    {
        var manifest = JsonSerializer.Deserialize(File.ReadAllText(Path.Combine(image, "manifest.json")), MachineJson.Default.ImageManifest)!;
        Run("qemu-img", ["create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", Path.GetFullPath(Path.Combine(image, "disk.qcow2")), _folder.File("disk.qcow2"), "4G"]);
        _qemu = Start("qemu-system-x86_64",
        [
            "-nodefaults", "-no-user-config", "-display", "none", "-machine", "q35,hpet=off", "-accel", "tcg,tb-size=64", "-cpu", "qemu64",
            "-smp", "1", "-m", $"{memoryMib}",
            "-kernel", Path.Combine(image, "vmlinuz"), "-initrd", Path.Combine(image, "initrd.img"),
            "-append", manifest.KernelArguments + " mitigations=off no_timer_check tsc=reliable",
            "-drive", $"file={_folder.File("disk.qcow2")},if=none,id=disk,format=qcow2,discard=unmap", "-device", "virtio-blk-pci,drive=disk",
            "-netdev", "user,id=net", "-device", "virtio-net-pci,netdev=net,romfile=",
            "-device", "virtio-serial-pci", "-chardev", $"socket,id=agent,path={_folder.File("agent.sock")},server=on,wait=off",
            "-device", $"virtserialport,chardev=agent,name={GuestMessage.PortName}",
            "-serial", $"file:{_folder.File("console.log")}", "-qmp", $"unix:{_folder.File("qmp.sock")},server=on,wait=off",
        ]);
    }

    public string Console => File.Exists(_folder.File("console.log")) ? File.ReadAllText(_folder.File("console.log")) : "";

    public GuestIdentity? Identity { get; set; }

    /// <summary>Opens the executor's end of the channel; may be called again after <see cref="HangUp"/>.</summary>
    public async Task ConnectAsync(CancellationToken cancellationToken)
    {
        _channel = new NetworkStream(await DialAsync("agent.sock", cancellationToken), ownsSocket: true);
        _reader = new LineReader(_channel);
    }

    public void HangUp() => _channel!.Dispose();

    /// <summary>The next message of a type; hellos are answered on the way.</summary>
    public async Task<GuestMessage> NextAsync(string type, CancellationToken cancellationToken)
    {
        while (true)
        {
            var message = await _reader!.ReadAsync(cancellationToken) ?? throw new EndOfStreamException($"The guest is gone before {type}. Its console:\n{Console}");
            if (message.Type == GuestMessage.Hello && Identity is { } identity)
            {
                var line = JsonSerializer.Serialize(new GuestMessage { Type = GuestMessage.Identity, Guest = identity }, AgentJson.Default.GuestMessage);
                await _channel!.WriteAsync(Encoding.UTF8.GetBytes(line + "\n"), cancellationToken);
            }

            if (message.Type == type)
            {
                return message;
            }
        }
    }

    /// <summary>Presses the power button and waits for QEMU's end.</summary>
    /// <returns>QEMU's exit status.</returns>
    public async Task<int> PowerDownAsync(CancellationToken cancellationToken)
    {
        await CommandAsync("system_powerdown", cancellationToken);
        await _qemu.WaitForExitAsync(cancellationToken);
        return _qemu.ExitCode;
    }

    public async Task CommandAsync(string command, CancellationToken cancellationToken)
    {
        using var socket = await DialAsync("qmp.sock", cancellationToken);
        await using var stream = new NetworkStream(socket);
        using var reader = new StreamReader(stream);
        await reader.ReadLineAsync(cancellationToken);
        foreach (var name in (string[])["qmp_capabilities", command])
        {
            await stream.WriteAsync(Encoding.UTF8.GetBytes($"{{\"execute\":\"{name}\"}}\n"), cancellationToken);
            await reader.ReadLineAsync(cancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!_qemu.HasExited)
        {
            _qemu.Kill();
            await _qemu.WaitForExitAsync();
        }

        _qemu.Dispose();
        _channel?.Dispose();
        _folder.Dispose();
    }

    private async Task<Socket> DialAsync(string name, CancellationToken cancellationToken)
    {
        while (true)
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(_folder.File(name)), cancellationToken);
                return socket;
            }
            catch (SocketException) when (!_qemu.HasExited)
            {
                socket.Dispose();
                await Task.Delay(50, cancellationToken);
            }
        }
    }

    private static void Run(string program, string[] arguments)
    {
        using var process = Start(program, arguments);
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }

    private static Process Start(string program, string[] arguments)
    {
        var start = new ProcessStartInfo(program) { UseShellExecute = false };
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        return Process.Start(start)!;
    }
}
