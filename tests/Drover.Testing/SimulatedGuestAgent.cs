using Drover.Agent;
using Drover.Agent.Channel;
using Drover.Agent.Guest;
using Drover.Agent.Session;

namespace Drover.Testing;

/// <summary>The guest agent of a simulated machine, inside the test's process.</summary>
internal static class SimulatedGuestAgent
{
    public static async Task RunAsync(Executor.SimulatedGuest guest, CancellationToken powerOff)
    {
        var log = new AgentLog(TextWriter.Null);
        var time = TimeProvider.System;
        var store = new AgentStateStore(guest.StateDirectory, log);
        store.Prepare();
        using var handler = new SocketsHttpHandler { UseCookies = false, UseProxy = false };
        using var http = new HttpClient(handler, disposeHandler: false);
        using var port = new SocketPort(guest.ChannelPath, time);
        var simulated = new SimulatedGuest(time, Random.Shared);
        using var session = new AgentSession(simulated, new GuestChannel(port, time, log), store, new Registration(http, store, time), new AgentLink(handler, simulated, time), time, log);
        await session.RunAsync(powerOff);
    }
}
