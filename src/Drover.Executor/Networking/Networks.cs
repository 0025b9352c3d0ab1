using Drover.Api.Machines;
using Drover.Executor.Machines;

namespace Drover.Executor.Networking;

/// <summary>The network that a task names, or, for <c>auto</c>, the best that this computer can have.</summary>
internal static class Networks
{
    /// <exception cref="MachineException">What was asked for cannot be had here, or is no network.</exception>
    internal static INetworkDriver Of(MachineContext context)
    {
        var facts = NetworkFacts.OfThisComputer();
        var memory = new NatMemory(context.StateDirectory, context.Time);
        var choice = NetworkSelector.Choose(context.Task.Network, facts, memory.Recall(facts));
        return context.Task.Network == "auto" && choice.Name == NatNetwork.Name ? new AutoNetwork(context, choice, facts, memory) : Of(context, choice);
    }

    internal static INetworkDriver Of(MachineContext context, NetworkChoice choice) => choice.Name switch
    {
        UserNetwork.Name => new UserNetwork(context, choice),
        NatNetwork.Name => new NatNetwork(context, choice),
        _ => new BridgeNetwork(context, choice),
    };
}

/// <summary>A nat that was not asked for: where setting it up fails, the machine gets the user network instead, with the reason.</summary>
internal sealed class AutoNetwork(MachineContext context, NetworkChoice choice, NetworkFacts facts, NatMemory memory) : INetworkDriver
{
    private INetworkDriver chosen = Networks.Of(context, choice);

    public NetworkChoice Choice => chosen.Choice;

    public async Task<NetworkPort> PrepareAsync(IProgress<string> progress, CancellationToken cancellationToken)
    {
        try
        {
            return await chosen.PrepareAsync(progress, cancellationToken);
        }
        catch (MachineException e)
        {
            memory.Remember(facts, e.Message);
            await chosen.RemoveAsync();
            chosen = Networks.Of(context, NetworkSelector.Choose("auto", facts, e.Message));
            return await chosen.PrepareAsync(progress, cancellationToken);
        }
    }

    public Task<NetworkPort> AdoptAsync(MachineTask machine, CancellationToken cancellationToken) => chosen.AdoptAsync(machine, cancellationToken);

    public Task RemoveAsync() => chosen.RemoveAsync();
}
