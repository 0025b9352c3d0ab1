using System.Text.Json.Nodes;
using Drover.Api.Machines;
using Drover.Executor.Machines;
using Microsoft.Extensions.Time.Testing;

namespace Drover.Executor.Tests.Machines;

/// <summary>A supervisor over a <see cref="FakeDriver"/>, under fake time.</summary>
internal sealed class SupervisorLab : IAsyncDisposable
{
    /// <summary>Only for what hangs: a busy computer may take its time.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly TestFolder folder = new();
    private readonly RingLog console;
    private readonly MachineSupervisor supervisor;
    private readonly List<MachineUpdate> updates = [];
    private TaskCompletionSource changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal SupervisorLab(FakeDriver driver, Func<MachineTask, MachineTask>? change = null, Action<string>? reached = null)
    {
        Driver = driver;
        console = new RingLog(folder["console.log"]);
        var task = Tasks.Simulated(folder["state"]);
        Context = new MachineContext
        {
            Task = change?.Invoke(task) ?? task,
            Sandbox = folder.Path,
            StateDirectory = folder["state"],
            Options = new ExecutorOptions { Log = _ => { }, Reached = reached },
            Time = Time,
            Console = console,
        };
        supervisor = new MachineSupervisor(Context, driver, "task-1", Take);
        Life = supervisor.RunAsync();
    }

    internal FakeDriver Driver { get; }

    internal FakeTimeProvider Time { get; } = new();

    internal MachineContext Context { get; }

    internal Task<MachinePhase> Life { get; }

    internal MachineUpdate Last
    {
        get
        {
            lock (updates)
            {
                return updates[^1];
            }
        }
    }

    internal int Reports
    {
        get
        {
            lock (updates)
            {
                return updates.Count;
            }
        }
    }

    internal ValueTask StopAsync(TimeSpan grace) => supervisor.StopAsync(grace);

    /// <summary>Gives a command, twice as a network may, and waits for its outcome.</summary>
    internal async Task<CommandOutcome> CommandAsync(string verb, JsonObject? arguments = null, bool force = false)
    {
        var command = new MachineCommand { Id = Guid.NewGuid().ToString("N"), Verb = verb, TaskId = "task-1", Arguments = force ? new JsonObject { ["force"] = true } : arguments };
        await supervisor.CommandAsync(command);
        await supervisor.CommandAsync(command);
        var update = await UntilAsync(u => u.Report.Outcomes.Any(o => o.Id == command.Id));
        return update.Report.Outcomes.Single(o => o.Id == command.Id);
    }

    /// <summary>Waits until the machine was switched so.</summary>
    internal Task UntilSwitchAsync(string act) => Driver.Switches.ActedAsync(act).WaitAsync(Patience, TestContext.Current.CancellationToken);

    internal async Task<MachineUpdate> UntilAsync(Func<MachineUpdate, bool> fits)
    {
        while (true)
        {
            Task next;
            lock (updates)
            {
                if (updates.FirstOrDefault(fits) is { } found)
                {
                    return found;
                }

                next = changed.Task;
            }

            await next.WaitAsync(Patience, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>Lets time pass, and after each step what it has set off: else it would pass the limit of a stage that has just begun.</summary>
    internal async Task PassAsync(Task until)
    {
        while (!until.IsCompleted)
        {
            Time.Advance(TimeSpan.FromMilliseconds(50));
            await Task.WhenAny(until, Task.Delay(TimeSpan.FromMilliseconds(20)));
        }

        await until;
    }

    internal Task UntilStageAsync(string stage) => UntilAsync(update => update.Report.Stage == stage);

    internal Task UntilPhaseAsync(MachinePhase phase) => UntilAsync(update => update.Phase == phase);

    /// <summary>Brings the machine up to a registered host.</summary>
    internal async Task RegisterAsync()
    {
        await UntilStageAsync(MachineStage.Boot);
        Driver.Hello();
        Driver.Say(new() { Type = Api.Agents.GuestMessage.Ready });
        await UntilPhaseAsync(MachinePhase.Registered);
    }

    internal Task UntilActAsync(string act) => Driver.ActedAsync(act).WaitAsync(Patience, TestContext.Current.CancellationToken);

    /// <summary>Lets seconds pass until the life is over; how many is the answer.</summary>
    internal async Task<int> SecondsToEndAsync()
    {
        var seconds = 0;
        for (; !Life.IsCompleted; seconds++)
        {
            Time.Advance(TimeSpan.FromSeconds(1));
            await Task.WhenAny(Life, Task.Delay(2, TestContext.Current.CancellationToken));
        }

        return seconds;
    }

    internal Task<MachinePhase> EndAsync() => Life.WaitAsync(Patience, TestContext.Current.CancellationToken);

    public async ValueTask DisposeAsync()
    {
        await supervisor.StopAsync(TimeSpan.Zero);
        await ((Task)Life).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        supervisor.Dispose();
        console.Dispose();
        folder.Dispose();
    }

    private void Take(MachineUpdate update)
    {
        lock (updates)
        {
            updates.Add(update);
            changed.TrySetResult();
            changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }
}
