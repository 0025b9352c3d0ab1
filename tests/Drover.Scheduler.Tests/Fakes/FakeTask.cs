using System.Text.Json;
using Drover.Api.Machines;
using Drover.Mesos;
using Drover.Mesos.V1;
using Drover.Scheduler.Placement;
using TaskStatus = Drover.Mesos.V1.TaskStatus;

namespace Drover.Scheduler.Tests.Fakes;

internal sealed class FakeTask(TaskInfo info)
{
    public TaskInfo Info { get; } = info;

    public string Id => Info.TaskId.Value;

    /// <summary>Whose machine it is: the task id without its attempt, or the machine that claimed the spare.</summary>
    public string Machine => ClaimedAs ?? Id[..Id.LastIndexOf('.')];

    /// <summary>External id of the machine that claimed this spare.</summary>
    public string? ClaimedAs { get; set; }

    /// <summary>Of the commands that it carried out.</summary>
    public List<CommandOutcome> Outcomes { get; } = [];

    public TaskState State { get; set; } = TaskState.TaskStaging;

    public Queue<TaskStatus> Pending { get; } = new();

    public bool IsLive => !State.IsTerminal();

    public MachineTask Data => JsonSerializer.Deserialize(Info.Data.Span, MachineJson.Default.MachineTask)!;

    public Amounts Amounts
    {
        get
        {
            var all = Resources.Of([.. Info.Resources, .. Info.Executor.Resources]);
            return new(all.Milli("cpus"), all.Milli("mem"), all.Milli("disk"));
        }
    }
}

internal sealed record FakeAgent(string Id, Amounts Total, IReadOnlyList<(string Name, string Value)> Attributes)
{
    public Offer Offer(string offerId, string frameworkId, Amounts free)
    {
        var offer = new Offer
        {
            Id = new OfferID { Value = offerId },
            FrameworkId = new FrameworkID { Value = frameworkId },
            AgentId = new AgentID { Value = Id },
            Hostname = $"host-{Id}",
            AllocationInfo = new Resource.Types.AllocationInfo { Role = "*" },
            Url = new URL { Scheme = "http", Address = new Address { Hostname = $"host-{Id}", Ip = "127.0.0.1", Port = 5051 } },
            Resources = { Resources.Scalar("cpus", free.Cpus), Resources.Scalar("mem", free.Memory), Resources.Scalar("disk", free.Disk) },
        };
        offer.Attributes.AddRange(Attributes.Select(a => new Mesos.V1.Attribute { Name = a.Name, Type = Value.Types.Type.Text, Text = new Value.Types.Text { Value = a.Value } }));
        return offer;
    }
}
