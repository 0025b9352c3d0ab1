namespace Drover.Cli.Local;

/// <summary>Ends processes: asks with SIGTERM, waits, then SIGKILL.</summary>
internal static class Ending
{
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan AfterKill = TimeSpan.FromSeconds(10);

    /// <returns>Those that needed SIGKILL.</returns>
    /// <param name="now">Cancelled: no more grace, SIGKILL at once.</param>
    public static async Task<IReadOnlyList<RunningProcess>> OfAsync(IReadOnlyList<RunningProcess> processes, ProcessTable table, TimeSpan grace, TimeProvider time, CancellationToken now)
    {
        foreach (var process in processes)
        {
            ProcessSignal.Send(table, process.Pid, process.StartTime, ProcessSignal.Terminate);
        }

        var stubborn = await AwaitAsync(processes, table, grace, time, now);
        foreach (var process in stubborn)
        {
            ProcessSignal.Send(table, process.Pid, process.StartTime, ProcessSignal.Kill);
        }

        await AwaitAsync(stubborn, table, AfterKill, time, CancellationToken.None);
        return stubborn;
    }

    /// <summary>Waits until they are gone; returns those that are still there after <paramref name="atMost"/> or when <paramref name="now"/> is cancelled.</summary>
    public static async Task<IReadOnlyList<RunningProcess>> AwaitAsync(IReadOnlyList<RunningProcess> processes, ProcessTable table, TimeSpan atMost, TimeProvider time, CancellationToken now)
    {
        var began = time.GetTimestamp();
        while (true)
        {
            var alive = processes.Where(p => table.IsAlive(p.Pid, p.StartTime)).ToList();
            if (alive.Count == 0 || time.GetElapsedTime(began) > atMost || now.IsCancellationRequested)
            {
                return alive;
            }

            await Task.Delay(Pace, time, now).ContinueWith(_ => { }, TaskScheduler.Default);
        }
    }
}
