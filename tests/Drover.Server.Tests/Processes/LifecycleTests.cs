using Drover.Server.Processes;

namespace Drover.Server.Tests.Processes;

public class LifecycleTests
{
    /// <summary>cattle-api §3.1, written down once more: type, process, from, during, after.</summary>
    private static readonly (string Type, string Process, string From, string During, string After)[] Reference =
    [
        ("machine", "create", "requested", "creating", "created"),
        ("machine", "bootstrap", "created creating", "bootstrapping", "active"),
        ("machine", "update", "active", "updating", "active"),
        ("machine", "updatestopped", "stopped", "updating-stopped", "stopped"),
        ("machine", "reboot", "active", "rebooting", "active"),
        ("machine", "stop", "active", "stopping", "stopped"),
        ("machine", "start", "stopped", "starting", "active"),
        ("machine", "resize", "active resizing", "resizing", "active"),
        ("machine", "resizestopped", "stopped resizing-stopped", "resizing-stopped", "active"),
        ("machine", "error", "creating bootstrapping updating active stopped updating-stopped rebooting stopping starting resizing resizing-stopped", "erroring", "error"),
        ("machine", "remove", "active requested bootstrapping creating updating error erroring stopped updating-stopped rebooting stopping starting resizing resizing-stopped", "removing", "removed"),
        ("machine", "purge", "removed", "purging", "purged"),
        ("host", "create", "requested", "registering", "inactive"),
        ("host", "provision", "inactive", "provisioning", "provisioned"),
        ("host", "activate", "inactive registering provisioned", "activating", "active"),
        ("host", "deactivate", "requested registering active activating updating-active updating-inactive", "deactivating", "inactive"),
        ("host", "error", "provisioning", "erroring", "error"),
        ("host", "remove", "erroring error requested inactive activating deactivating registering updating-active updating-inactive provisioning", "removing", "removed"),
        ("host", "purge", "removed", "purging", "purged"),
        ("agent", "create", "requested", "registering", "inactive"),
        ("agent", "activate", "inactive registering", "activating", "active"),
        ("agent", "reconnect", "disconnecting disconnected active activating", "reconnecting", "reconnected"),
        ("agent", "finishreconnect", "reconnected reconnecting", "finishing-reconnect", "active"),
        ("agent", "disconnect", "reconnecting active reconnected finishing-reconnect", "disconnecting", "disconnected"),
        ("agent", "deactivate", "requested registering activating active reconnecting reconnected finishing-reconnect disconnecting disconnected", "deactivating", "inactive"),
        ("agent", "remove", "requested registering inactive deactivating disconnecting disconnected reconnecting", "removing", "removed"),
        ("agent", "purge", "removed", "purging", "purged"),
        ("generic", "create", "requested", "registering", "inactive"),
        ("generic", "activate", "inactive registering", "activating", "active"),
        ("generic", "deactivate", "requested registering active activating updating-active updating-inactive", "deactivating", "inactive"),
        ("generic", "update", "inactive active", "updating-active", "active"),
        ("generic", "remove", "requested inactive registering updating-active updating-inactive", "removing", "removed"),
        ("generic", "purge", "removed", "purging", "purged"),
    ];

    private static Lifecycle Of(string type) => type switch
    {
        "machine" => Lifecycles.Machine,
        "host" => Lifecycles.Host,
        "agent" => Lifecycles.Agent,
        _ => Lifecycles.Generic,
    };

    [Theory]
    [InlineData("machine")]
    [InlineData("host")]
    [InlineData("agent")]
    [InlineData("generic")]
    public void Lifecycle_EveryPairOfProcessAndState_IsAsInTheReference(string type)
    {
        var life = Of(type);
        var reference = Reference.Where(r => r.Type == type).ToList();
        Assert.Equal(reference.Select(r => r.Process).Order(), life.Moves.Select(m => m.Name).Order());
        var states = life.States.Concat(reference.SelectMany(r => r.From.Split(' '))).Append("nonsense").Distinct().ToList();
        foreach (var row in reference)
        {
            foreach (var state in states)
            {
                var starts = row.From.Split(' ').Contains(state);
                Assert.True((life.Start(row.Process, state) == row.During) == starts, $"{type}.{row.Process} from {state}");
                Assert.Equal(state == row.During ? row.After : null, life.Finish(row.Process, state));
                Assert.Equal(starts ? row.After : null, life.Pass(row.Process, state));
            }
        }
    }

    [Theory]
    [InlineData("machine")]
    [InlineData("host")]
    [InlineData("agent")]
    [InlineData("generic")]
    public void Lifecycle_StateDuringAProcess_IsTransitioningAndStateAfterIsNot(string type)
    {
        var life = Of(type);
        Assert.True(life.IsTransitioning("requested"));
        foreach (var row in Reference.Where(r => r.Type == type))
        {
            Assert.True(life.IsTransitioning(row.During), row.During);
            Assert.False(life.IsTransitioning(row.After), row.After);
        }
    }

    [Fact]
    public void Machine_EveryLivingState_CanBeRemoved()
    {
        string[] gone = ["removing", "removed", "purging", "purged", "created"];
        foreach (var state in Lifecycles.Machine.States.Except(gone))
        {
            Assert.Equal("removing", Lifecycles.Machine.Start("remove", state));
        }
    }
}
