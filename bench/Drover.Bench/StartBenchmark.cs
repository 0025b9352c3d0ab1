using System.Diagnostics;

namespace Drover.Bench;

/// <summary>How long a second start takes: from the process to a page that answers, on a data folder that is already set up.</summary>
internal static class StartBenchmark
{
    private const int Runs = 5;

    public static async Task<Report> RunAsync(CancellationToken cancellationToken)
    {
        await using var instance = new Instance();
        List<double> samples = [], idle = [];
        for (var i = 0; i <= Runs; i++)
        {
            var clock = Stopwatch.StartNew();
            var daemon = instance.Start("server,web,scheduler,mesos-master,mesos-agent", "--listen", instance.Url.Authority, "--accel", "simulated");
            await instance.ReadyAsync(cancellationToken);
            if (i > 0)
            {
                samples.Add(clock.Elapsed.TotalSeconds);
                idle.Add(Instance.ResidentMegabytes(daemon.Id));
            }

            await instance.StopAsync(daemon, cancellationToken);
        }

        return new Report(Machine.Describe(null), [new Figure("second start to ready", "s", samples), new Figure("control plane resident when ready", "MB", idle)]);
    }
}
