using System.Globalization;
using System.Text.Json.Nodes;
using Drover.Api;
using Drover.Api.Agents;
using Drover.Api.Machines;
using Drover.Executor.Disks;
using Drover.Executor.Machines;

namespace Drover.Executor.Commands;

/// <summary>Carries out commands that switch a machine or change its disks, one at a time. Steps of the machine's life and the outcome are events.</summary>
internal sealed class CommandWork(MachineContext context, IMachineDriver driver, MachineEvents events)
{
    private Task carrying = Task.CompletedTask;
    private TaskCompletionSource? up;
    private volatile bool busy;

    /// <summary>A command is being carried out. False before its outcome is told: whoever knows the outcome may ask for the next.</summary>
    internal bool IsBusy => busy;

    /// <param name="isOff">Whether the machine is switched off now.</param>
    internal void Begin(IMachine machine, MachineCommand command, bool isOff, CancellationToken cancellationToken)
    {
        busy = true;
        carrying = RunAsync(machine, command, isOff, cancellationToken);
    }

    /// <summary>The host is there again.</summary>
    internal void Up() => up?.TrySetResult();

    /// <summary>Completes when nothing is carried out any more; the token of <see cref="Begin"/> hurries it.</summary>
    internal Task EndAsync() => carrying;

    private async Task RunAsync(IMachine machine, MachineCommand command, bool isOff, CancellationToken cancellationToken)
    {
        await Task.Yield();
        if (command.Verb == MachineCommand.Vacate)
        {
            await VacateAsync(machine, command, isOff, cancellationToken);
            return;
        }

        CommandOutcome outcome;
        try
        {
            var (message, data) = await CarryOutAsync(machine, command, isOff, cancellationToken);
            outcome = new CommandOutcome { Id = command.Id, Ok = true, Message = message, Data = data };
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            outcome = Failure(command, "The machine is being removed.");
        }
        catch (Exception e) when (e is MachineException or IOException)
        {
            outcome = Failure(command, e.Message);
        }
        catch (Exception e)
        {
            context.Options.Log($"{command.Verb}: {e}");
            outcome = Failure(command, $"unexpected: {e.Message}");
        }

        busy = false;
        await events.PostAsync(new MachineEvent.CommandEnded(outcome));
    }

    private async Task<(string Message, JsonObject? Data)> CarryOutAsync(IMachine machine, MachineCommand command, bool isOff, CancellationToken token)
    {
        var controls = machine.Controls;
        switch (command.Verb)
        {
            case MachineCommand.Stop:
                return (isOff ? "The machine is off already." : await HaltAsync(controls, Grace(command), token), null);
            case MachineCommand.Start:
                await StartAsync(controls, token);
                return ("The machine runs again.", null);
            case MachineCommand.Reboot:
                var how = Grace(command) == TimeSpan.Zero ? "The machine was reset." : await HaltAsync(controls, Grace(command), token);
                await StartAsync(controls, token);
                return ($"{how} It runs again.", null);
            case MachineCommand.Resize:
                var bytes = Number(command, "disk") ?? throw new MachineException("The command does not say the disk's new size.");
                await controls.GrowDiskAsync(bytes, token);
                await machine.Guest.SendAsync(new GuestMessage { Type = GuestMessage.Grow }, token);
                return ($"The disk has {new ByteSize(bytes).ToDisplayString()}; the guest's file system follows by itself.", null);
            case MachineCommand.Limit:
                var limits = new MachineLimits { DiskOperations = Number(command, "diskOperations"), DiskBytes = Number(command, "diskBytes"), NetworkBytes = Number(command, "networkBytes") };
                await driver.LimitNetworkAsync(limits.NetworkBytes, token);
                await controls.LimitDisksAsync(limits, token);
                return ("The limits hold from now on.", new JsonObject { ["limits"] = new JsonObject { ["diskOperations"] = limits.DiskOperations, ["diskBytes"] = limits.DiskBytes, ["networkBytes"] = limits.NetworkBytes } });
            case MachineCommand.Forward:
                var forwards = PortForward.Read(command);
                await controls.ForwardAsync(forwards, token);
                return (forwards.Count == 0 ? "No port leads into the machine." : "The ports are open on the loopback of the machine's computer.", new JsonObject { ["ports"] = new JsonArray([.. forwards.Select(forward => (JsonNode)forward.ToString())]) });
            case MachineCommand.Copy:
                return (await DiskCopy.RunAsync(context, driver.Origin, controls, command, token), null);
            case MachineCommand.Snapshot:
                await controls.SnapshotAsync(Name(command), token);
                return ($"The disk is kept as '{Name(command)}'.", await ListAsync(controls, token));
            case MachineCommand.RemoveSnapshot:
                await controls.RemoveSnapshotAsync(Name(command), token);
                return ($"The snapshot '{Name(command)}' is removed.", await ListAsync(controls, token));
            case MachineCommand.Restore:
                return (await RestoreAsync(controls, Name(command), isOff, token), await ListAsync(controls, token));
            default:
                throw new MachineException($"The command '{command.Verb}' is not known here.");
        }
    }

    /// <summary>Ends the machine in this task, with its disks kept for the next. Once it is off there is no way back, and no cancelling.</summary>
    private async Task VacateAsync(IMachine machine, MachineCommand command, bool isOff, CancellationToken token)
    {
        var kept = KeptDisks.Of(context);
        var task = context.Task;
        try
        {
            var record = new KeptRecord { ExternalId = task.ExternalId, MachineId = task.MachineId, Name = task.Name, TaskId = context.TaskId, State = KeptState.Keeping, Image = task.Image, Since = context.Time.GetUtcNow() };
            await kept.BeginAsync(record, driver.Origin, token);
            if (!isOff)
            {
                await HaltAsync(machine.Controls, Grace(command), token);
            }
        }
        catch (Exception e) when (e is MachineException or IOException or UnauthorizedAccessException or OperationCanceledException)
        {
            await kept.ForgetAsync(task.ExternalId, context.TaskId);
            await events.PostAsync(new MachineEvent.CommandEnded(Failure(command, e is OperationCanceledException ? "The machine is being removed." : e.Message)));
            return;
        }

        catch (Exception e)
        {
            await events.PostAsync(new MachineEvent.Broken($"unexpected: {e.Message}"));
            return;
        }

        await SwitchAsync(MachineTrigger.Vacate);
        try
        {
            using (var end = new PowerOff(machine, context.Time))
            {
                await end.RunAsync(TimeSpan.Zero);
            }

            await kept.CompleteAsync(task.ExternalId, context.TaskId, context.Sandbox, CancellationToken.None);
            await events.PostAsync(new MachineEvent.Vacated(new CommandOutcome { Id = command.Id, Ok = true, Message = "The machine is off, and its disks are kept." }));
        }
        catch (Exception e)
        {
            await events.PostAsync(new MachineEvent.Broken($"The machine's disks could not be kept: {e.Message}"));
        }
    }

    /// <summary>What the disk holds now is given up, so the guest is not asked to write it in order.</summary>
    private async Task<string> RestoreAsync(IMachineControls controls, string name, bool isOff, CancellationToken token)
    {
        if ((await controls.SnapshotsAsync(token)).All(s => s.Name != name))
        {
            throw new MachineException($"The disk has no snapshot '{name}'.");
        }

        if (!isOff)
        {
            await HaltAsync(controls, TimeSpan.Zero, token);
        }

        await controls.RestoreAsync(name, token);
        if (!isOff)
        {
            await StartAsync(controls, token);
        }

        return $"The disk is as the snapshot '{name}' kept it.";
    }

    private async Task<string> HaltAsync(IMachineControls controls, TimeSpan grace, CancellationToken token)
    {
        await SwitchAsync(MachineTrigger.Halt);
        bool obeyed;
        try
        {
            obeyed = await controls.HaltAsync(grace, token);
        }
        catch (Exception e) when (e is MachineException or IOException)
        {
            await SwitchAsync(MachineTrigger.Unhalted);
            throw;
        }

        await SwitchAsync(MachineTrigger.Halted);
        return obeyed ? "The guest shut down."
            : grace == TimeSpan.Zero ? "The machine was switched off."
            : string.Create(CultureInfo.InvariantCulture, $"The guest did not shut down within {grace.TotalSeconds:0} seconds and was switched off.");
    }

    /// <summary>Ends when the guest's agent is registered and linked again.</summary>
    private async Task StartAsync(IMachineControls controls, CancellationToken token)
    {
        var timeouts = context.Task.Timeouts;
        var patience = TimeSpan.FromSeconds(timeouts.BootSeconds + timeouts.DockerSeconds + timeouts.RegisterSeconds);
        up = new(TaskCreationOptions.RunContinuationsAsynchronously);

        // The phase first: a guest may be up before the call returns.
        await SwitchAsync(MachineTrigger.Restart);
        using var late = new CancellationTokenSource(patience, context.Time);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(late.Token, token);
        await controls.ResetAsync(token);
        try
        {
            await up.Task.WaitAsync(over.Token);
        }
        catch (OperationCanceledException) when (!token.IsCancellationRequested)
        {
            throw new MachineException(string.Create(CultureInfo.InvariantCulture, $"The machine is on, but the agent in its guest did not come back within {patience.TotalSeconds:0} seconds. Its console tells more."));
        }
    }

    private ValueTask SwitchAsync(MachineTrigger trigger) => events.PostAsync(new MachineEvent.Switched(trigger));

    private static async Task<JsonObject> ListAsync(IMachineControls controls, CancellationToken token) => new()
    {
        ["snapshots"] = new JsonArray([.. (await controls.SnapshotsAsync(token)).Select(s => (JsonNode)new JsonObject
        {
            ["name"] = s.Name,
            ["created"] = s.Created.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture),
        })]),
    };

    private TimeSpan Grace(MachineCommand command) =>
        command.Arguments?["force"] is JsonValue value && value.TryGetValue<bool>(out var force) && force ? TimeSpan.Zero : TimeSpan.FromSeconds(context.Task.ShutdownGraceSeconds);

    private static long? Number(MachineCommand command, string field) =>
        command.Arguments?[field] is JsonValue value && value.TryGetValue<long>(out var number) && number > 0 ? number : null;

    private static string Name(MachineCommand command) =>
        command.Arguments?["name"] is JsonValue value && value.TryGetValue<string>(out var name) && SnapshotName.IsValid(name) ? name : throw new MachineException("The command does not name the snapshot rightly.");

    private static CommandOutcome Failure(MachineCommand command, string why) => new() { Id = command.Id, Ok = false, Message = why };
}

/// <summary>Names of snapshots go into a monitor's and a tool's arguments.</summary>
internal static class SnapshotName
{
    internal static bool IsValid(string name) =>
        name.Length is > 0 and <= 40 && char.IsAsciiLetterOrDigit(name[0]) && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.');
}
