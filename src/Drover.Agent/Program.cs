using System.Runtime.InteropServices;
using Drover.Agent;
using Drover.Agent.Channel;
using Drover.Agent.Docker;
using Drover.Agent.Guest;
using Drover.Agent.Session;
using Drover.Api.Agents;

if (!AgentOptions.TryParse(args, out var options, out var error))
{
    await Console.Error.WriteLineAsync($"drover-agent: {error}\n\n{AgentOptions.Usage}");
    return ExitCode.Usage;
}

if (options.ShowVersion)
{
    Console.WriteLine($"drover-agent {AgentVersion.Text} (guest protocol {GuestMessage.CurrentProtocol}, link protocol {LinkMessage.CurrentProtocol})");
    return ExitCode.Stopped;
}

using var stop = new CancellationTokenSource();
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
var log = new AgentLog(Console.Error);
var time = TimeProvider.System;

var store = new AgentStateStore(options.State, log);
try
{
    store.Prepare();
}
catch (Exception e) when (e is IOException or UnauthorizedAccessException)
{
    log.Say($"cannot use the state folder {options.State}: {e.Message}");
    return ExitCode.State;
}

using var handler = new SocketsHttpHandler { PooledConnectionIdleTimeout = TimeSpan.FromSeconds(5), ConnectTimeout = TimeSpan.FromSeconds(15), UseCookies = false };
using var http = new HttpClient(handler, disposeHandler: false) { Timeout = TimeSpan.FromSeconds(30), MaxResponseContentBufferSize = 1 << 20 };
using var docker = new DockerClient(DockerClient.DefaultSocket, time);
using IGuestPort port = options.Simulated ? new SocketPort(options.Channel, time) : new VirtioPort(options.Channel, time, log);
IGuest guest = options.Simulated ? new SimulatedGuest(time, Random.Shared) : new LinuxGuest(docker, time);

using var session = new AgentSession(
    guest,
    new GuestChannel(port, time, log),
    store,
    new Registration(http, store, time),
    new AgentLink(handler, guest, time),
    time,
    log);
try
{
    return await session.RunAsync(stop.Token);
}
catch (Exception e)
{
    log.Say($"stopped by a defect: {e}");
    return ExitCode.Defect;
}

void Stop(PosixSignalContext context)
{
    context.Cancel = true;
    stop.Cancel();
}
