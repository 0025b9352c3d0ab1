using Drover.Agent.Channel;
using Drover.Api.Agents;
using Drover.Api.Machines;

namespace Drover.Agent.Session;

/// <summary>What the executor asks of a guest beside telling it who it is: to become a template, to be a copy of one, to wait as a spare, to describe itself.</summary>
internal sealed class GuestOrders(IGuest guest, GuestChannel channel, AgentLink link, AgentStateStore store, AgentLog log)
{
    /// <returns>The answer.</returns>
    public async Task<GuestMessage?> FollowAsync(GuestMessage order, CancellationToken cancellationToken)
    {
        try
        {
            return order.Type switch
            {
                GuestMessage.Prepare => await PrepareAsync(cancellationToken),
                GuestMessage.Seed => await SeedAsync(order.Fresh, cancellationToken),
                GuestMessage.Park => await ParkAsync(order.Guest, cancellationToken),
                GuestMessage.Inspect => new GuestMessage
                {
                    Type = GuestMessage.Inspected,
                    Facts = await guest.InspectAsync(order.Facts?.GetValueOrDefault("container"), cancellationToken),
                },
                GuestMessage.Grow => await GrowAsync(cancellationToken),
                GuestMessage.Plugged => await PluggedAsync(order.Cards ?? [], cancellationToken),
                _ => null,
            };
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            log.Say($"the order '{order.Type}' failed: {e.Message}");
            return order.Type is GuestMessage.Grow or GuestMessage.Plugged ? null
                : order.Type == GuestMessage.Inspect
                ? new GuestMessage { Type = GuestMessage.Inspected, Facts = new Dictionary<string, string>(StringComparer.Ordinal) { ["error"] = e.Message } }
                : Failure($"'{order.Type}' failed: {e.Message}");
        }
    }

    /// <summary>Not answered: the host's facts tell the new size.</summary>
    private async Task<GuestMessage?> GrowAsync(CancellationToken cancellationToken)
    {
        log.Say(await guest.GrowDiskAsync(cancellationToken) ?? "the file system takes the whole disk");
        return null;
    }

    /// <summary>Not answered: the way to the server is the first card's.</summary>
    private async Task<GuestMessage?> PluggedAsync(IReadOnlyList<GuestCard> cards, CancellationToken cancellationToken)
    {
        foreach (var problem in await guest.TakeCardsAsync(cards, cancellationToken))
        {
            log.Say(problem);
        }

        return null;
    }

    private async Task<GuestMessage> PrepareAsync(CancellationToken cancellationToken)
    {
        if (await guest.PrepareAsync(WaitingAsync, cancellationToken) is { } problem)
        {
            return Failure(problem);
        }

        log.Say("ready to be frozen");
        return new GuestMessage { Type = GuestMessage.Prepared };
    }

    private async Task<GuestMessage> SeedAsync(GuestSeed? seed, CancellationToken cancellationToken)
    {
        IReadOnlyList<string> problems = seed is null ? ["the seed is empty"] : await guest.TakeSeedAsync(seed, cancellationToken);
        return new GuestMessage
        {
            Type = GuestMessage.Seeded,
            Protocol = GuestMessage.CurrentProtocol,
            Version = AgentVersion.Text,
            Message = problems.Count == 0 ? null : string.Join("; ", problems),
        };
    }

    private async Task<GuestMessage> ParkAsync(GuestIdentity? spare, CancellationToken cancellationToken)
    {
        if (spare?.RegistrationUrl is null)
        {
            return Failure("the executor's order to wait lacks the server's address");
        }

        spare = IdentityInbox.Complete(spare);
        foreach (var problem in await guest.TakeIdentityAsync(spare, cancellationToken))
        {
            log.Say(problem);
        }

        await WaitingAsync("waiting for Docker");
        log.Say(await guest.WaitForDockerAsync(WaitingAsync, cancellationToken));
        if (!spare.Unconnected)
        {
            await link.RehearseAsync(spare, cancellationToken);
        }

        // What an owner would have to wait for: the key on the disk, and Docker's word.
        await store.SaveAsync(AgentState.NewKey(AgentState.Spare), durable: true, cancellationToken);
        _ = guest.KeepAskingDockerAsync(cancellationToken);
        log.Say("a spare, waiting for an owner");
        return new GuestMessage { Type = GuestMessage.Parked };
    }

    private Task WaitingAsync(string text) =>
        channel.TellAsync(new GuestMessage { Type = GuestMessage.Stage, StageName = MachineStage.Docker, Message = text }, CancellationToken.None);

    private static GuestMessage Failure(string cause) => new() { Type = GuestMessage.Failure, StageName = MachineStage.Docker, Message = cause };
}
