using System.Runtime.CompilerServices;
using Drover.Api.Agents;
using Drover.Api.Machines;
using Drover.Executor.Machines;

namespace Drover.Executor.Simulated;

/// <summary>The guest's talk, falsified from the stage on at which the simulation shall fail or hang.</summary>
internal sealed class MisbehavingChannel(IGuestChannel inner, Simulation knobs) : IGuestChannel
{
    public async IAsyncEnumerable<GuestMessage> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var hanging = false;
        await foreach (var message in inner.ReadAsync(cancellationToken))
        {
            // Docker's stage begins with the hello that its machine's agent says, register's with a word of its own.
            var stage = message.Type == GuestMessage.Stage ? message.StageName : message.Type == GuestMessage.Ready ? MachineStage.Register : null;
            hanging |= stage is not null && stage == knobs.HangAt;
            if (stage is not null && stage == knobs.FailAt)
            {
                yield return message with { Type = GuestMessage.Stage, StageName = stage };
                yield return new GuestMessage { Type = GuestMessage.Failure, StageName = stage, Message = $"simulated failure at {stage}" };
            }
            else if (!hanging)
            {
                yield return message;
                if (message.Type == GuestMessage.Hello && knobs.FailAt == MachineStage.Docker)
                {
                    yield return new GuestMessage { Type = GuestMessage.Failure, StageName = MachineStage.Docker, Message = "simulated failure at docker" };
                }

                hanging |= message.Type == GuestMessage.Hello && knobs.HangAt == MachineStage.Docker;
            }
        }
    }

    public Task Connected => inner.Connected;

    public Task<bool> SendAsync(GuestMessage message, CancellationToken cancellationToken) => inner.SendAsync(message, cancellationToken);
}
