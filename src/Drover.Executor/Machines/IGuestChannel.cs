using Drover.Api.Agents;

namespace Drover.Executor.Machines;

/// <summary>The talk with the agent in the guest. One reader.</summary>
internal interface IGuestChannel
{
    /// <summary>Everything that the guest says, over restarts of its agent, until cancelled.</summary>
    IAsyncEnumerable<GuestMessage> ReadAsync(CancellationToken cancellationToken);

    /// <summary>Completes when the guest's side was there for the first time; while somebody reads.</summary>
    Task Connected { get; }

    /// <summary>Says something to the guest that is connected now. False: nobody listens, or it does not take it in time.</summary>
    Task<bool> SendAsync(GuestMessage message, CancellationToken cancellationToken);
}
