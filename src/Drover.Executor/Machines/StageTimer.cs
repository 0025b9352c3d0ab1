using System.Globalization;
using Drover.Api.Machines;

namespace Drover.Executor.Machines;

/// <summary>The longest time of each stage.</summary>
internal static class StageTimer
{
    internal static int SecondsOf(string stage, StageTimeouts timeouts) => stage switch
    {
        MachineStage.Image => timeouts.ImageSeconds,
        MachineStage.Disk => timeouts.DiskSeconds,
        MachineStage.Network => timeouts.NetworkSeconds,
        MachineStage.Boot => timeouts.BootSeconds,
        MachineStage.Docker => timeouts.DockerSeconds,
        _ => timeouts.RegisterSeconds,
    };

    /// <summary>Calls <paramref name="over"/> with the seconds when they have passed, unless disposed before.</summary>
    internal static ITimer Start(string stage, StageTimeouts timeouts, TimeProvider time, Action<int> over)
    {
        var seconds = SecondsOf(stage, timeouts);
        return time.CreateTimer(_ => over(seconds), null, TimeSpan.FromSeconds(seconds), Timeout.InfiniteTimeSpan);
    }

    /// <summary>What it means for people that a stage took too long.</summary>
    internal static string Sentence(string stage, int seconds) => string.Create(CultureInfo.InvariantCulture, $"{stage switch
    {
        MachineStage.Image => "The image was not ready",
        MachineStage.Disk => "The disk was not ready",
        MachineStage.Network => "The network was not ready",
        MachineStage.Boot => "The guest's agent did not speak",
        MachineStage.Docker => "Docker in the guest did not answer",
        _ => "The guest's agent did not register",
    }} within {seconds} seconds.");
}
