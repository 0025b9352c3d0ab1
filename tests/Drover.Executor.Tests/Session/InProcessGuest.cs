using System.Net.Sockets;
using System.Text.Json;
using Drover.Api.Agents;
using Drover.Api.Machines;

namespace Drover.Executor.Tests.Session;

/// <summary>The least that a guest does: hello until it has an identity, then its stages.</summary>
internal static class InProcessGuest
{
    internal static async Task RunAsync(SimulatedGuest guest, CancellationToken cancellationToken)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(guest.ChannelPath), cancellationToken);
        await using var stream = new NetworkStream(socket);
        await SayAsync(stream, new GuestMessage { Type = GuestMessage.Hello, Protocol = GuestMessage.CurrentProtocol, Version = "test" }, cancellationToken);
        using var reader = new StreamReader(stream);
        var spare = false;
        while (true)
        {
            var line = JsonSerializer.Deserialize((await reader.ReadLineAsync(cancellationToken))!, AgentJson.Default.GuestMessage)!;
            switch (line.Type)
            {
                case GuestMessage.Prepare:
                    await SayAsync(stream, new GuestMessage { Type = GuestMessage.Prepared }, cancellationToken);
                    break;
                case GuestMessage.Seed:
                    await SayAsync(stream, new GuestMessage { Type = GuestMessage.Seeded, Protocol = GuestMessage.CurrentProtocol }, cancellationToken);
                    break;
                case GuestMessage.Park:
                    spare = true;
                    await SayAsync(stream, new GuestMessage { Type = GuestMessage.Parked }, cancellationToken);
                    break;
                case GuestMessage.Inspect:
                    await SayAsync(stream, new GuestMessage { Type = GuestMessage.Inspected, Facts = new Dictionary<string, string> { ["bootId"] = "b" } }, cancellationToken);
                    break;
                case GuestMessage.Identity when !spare && line.Guest!.MachineUuid != guest.ExternalId:
                    throw new InvalidOperationException("another's identity");
                case GuestMessage.Identity:
                    await RegisterAsync(stream, cancellationToken);
                    break;
            }
        }
    }

    private static async Task RegisterAsync(Stream stream, CancellationToken cancellationToken)
    {
        await SayAsync(stream, new GuestMessage { Type = GuestMessage.Stage, StageName = MachineStage.Docker, Message = "dockerd starts" }, cancellationToken);
        await SayAsync(stream, new GuestMessage { Type = GuestMessage.Stage, StageName = MachineStage.Register, Message = "registering" }, cancellationToken);
        await SayAsync(stream, new GuestMessage { Type = GuestMessage.Ready, Message = "linked" }, cancellationToken);
    }

    private static async Task SayAsync(Stream stream, GuestMessage message, CancellationToken cancellationToken) =>
        await stream.WriteAsync((byte[])[.. JsonSerializer.SerializeToUtf8Bytes(message, AgentJson.Default.GuestMessage), (byte)'\n'], cancellationToken);
}
